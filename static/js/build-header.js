/** By it a page that is fetched says of which build it is to be (navigate.js); the service worker may keep several. */
export const BUILD_HEADER = "Latentbook-Build";
