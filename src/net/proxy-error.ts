/** The proxy refuses, or is none. Its message never holds the proxy's password. */
export class ProxyError extends Error {}
