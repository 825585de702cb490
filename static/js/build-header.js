/** Names the build that a fetched page should be from (navigate.js): the service worker may store several. */
export const BUILD_HEADER = "Latentbook-Build";
