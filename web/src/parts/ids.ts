// Names that nobody else has made. crypto.randomUUID is only there in a secure context, which a page from an address of
// the local network is not.
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
