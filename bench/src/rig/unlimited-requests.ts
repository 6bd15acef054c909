/** What lets one account ask the API as often as a measurement needs. Each request is counted all the same. */
export const unlimitedRequests = { QUARTERDECK_REQUESTS_PER_MINUTE: '{"enterprise":60000000}' };
