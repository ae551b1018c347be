/** Some servers quote what they were sent, and their words go to logs: what is secret is taken out of them. */
export function secretEraser(secrets: readonly string[]): (text: string) => string {
  const spellings = secrets.flatMap((secret) => [secret, Buffer.from(secret).toString('base64')]);
  const worth = spellings.filter((text) => text !== '').sort((a, b) => b.length - a.length);
  return (text) => worth.reduce((rest, part) => rest.replaceAll(part, '[secret]'), text);
}
