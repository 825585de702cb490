/** Written when class mode is bundled (app/latentbook_classroom/lecture/bundle.py): every form by its name. */
declare module "latentbook-forms.js" {
  export const FORMS: Record<string, import("./question.js").FormOf>;
}
