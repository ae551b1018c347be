/** Whose server a host is, where users of that provider need words of their own. */
export function isNetease(host: string): boolean {
  return /(^|\.)(163|126|188|yeah|netease)\.(com|net)$/i.test(host);
}

export function isTencent(host: string): boolean {
  return /(^|\.)(qq|foxmail)\.com$/i.test(host);
}

export function isExchange(host: string): boolean {
  return /(^|\.)(outlook|office365|hotmail|live|partner\.outlook)\.(com|cn|us)$/i.test(host);
}

export function isGoogle(host: string): boolean {
  return /(^|\.)(gmail|googlemail)\.com$/i.test(host);
}
