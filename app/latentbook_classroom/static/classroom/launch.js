/**
 * Launches from a university's system (docs/classroom/lti.md). If a frame of another site cannot store a cookie, a secret in the
 * frame's own storage proves that the browser that ends a launch began it.
 */
const KEPT = "latentbook-launch";

/** Storage of this frame, or null if the browser refuses it. */
function storage() {
  try {
    return globalThis.sessionStorage;
  } catch {
    return null;
  }
}

const begins = document.querySelector("a[data-launch]");
if (begins instanceof HTMLAnchorElement) {
  storage()?.setItem(`${KEPT}-${begins.dataset.launch}`, begins.dataset.secret ?? "");
  location.replace(begins.href);
}

for (const field of document.querySelectorAll("input[data-proof]")) {
  if (field instanceof HTMLInputElement) {
    field.value = storage()?.getItem(`${KEPT}-${field.dataset.proof}`) ?? "";
  }
}

if (document.querySelector("[data-registered]")) {
  const platform = globalThis.opener ?? globalThis.parent;
  platform.postMessage({ subject: "org.imsglobal.lti.close" }, "*");
}

const answer = document.querySelector("form[data-send]");
if (answer instanceof HTMLFormElement) answer.submit();
