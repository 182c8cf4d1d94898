const LOCAL_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Whether a `Host` header names this machine, at any port. */
export const isLocalHost = (host: string): boolean => LOCAL_HOST.test(host);
