/** Times in the reader's own zone. Pages arrive with UTC, which remains if no script runs. */

/** @param {ParentNode} page */
export function showTimes(page) {
  const { lang } = document.documentElement;
  // Without a region, English puts the month first.
  const format = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
  for (const time of page.querySelectorAll("time")) time.textContent = format.format(new Date(time.dateTime));
  for (const place of page.querySelectorAll("[data-zone]")) place.textContent = format.resolvedOptions().timeZone;
}

/**
 * Fields for times show the reader's zone and send UTC. An unchanged field sends its original value, because one hour
 * occurs twice when clocks are set back. When they are set forward, a field shows which time will be sent.
 */
export function showFields() {
  for (const form of document.forms) {
    const fields = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll('input[type="datetime-local"]'));
    for (const field of fields) {
      if (field.defaultValue !== "") field.value = localOf(field.defaultValue);
      field.addEventListener("blur", () => {
        if (field.value !== "") field.value = minutes(new Date(field.value), true);
      });
    }
    form.addEventListener("formdata", ({ formData }) => {
      for (const { name, value, defaultValue } of fields) {
        const isAsItCame = defaultValue !== "" && value === localOf(defaultValue);
        if (value !== "") formData.set(name, isAsItCame ? defaultValue : minutes(new Date(value), false));
      }
    });
  }
}

/** @param {string} utc */
function localOf(utc) {
  return minutes(new Date(`${utc}Z`), true);
}

/** A moment as a field's value, 2026-12-01T08:00. @param {Date} moment @param {boolean} isLocal in the reader's zone, or in UTC */
function minutes(moment, isLocal) {
  const shifted = isLocal ? new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000) : moment;
  return shifted.toISOString().slice(0, 16);
}
