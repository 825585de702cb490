/** Header with the expected build of a fetched page (navigate.js): the service worker may store several. */
export const BUILD_HEADER = "Latentbook-Build";
