/** Moments in the reader's own zone. Pages come with UTC, which stays where no script runs. */

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
 * Fields for moments: they show the reader's zone and send UTC. One that still shows what it came with sends what it came with,
 * because when clocks are set back an hour comes twice. When they are set forward a field shows which time will be sent.
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

/** As fields have it, 2026-12-01T08:00. @param {Date} moment @param {boolean} isLocal in the reader's zone, or in UTC */
function minutes(moment, isLocal) {
  const shifted = isLocal ? new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000) : moment;
  return shifted.toISOString().slice(0, 16);
}
