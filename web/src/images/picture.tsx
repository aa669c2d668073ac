import { useEffect, useState } from 'preact/hooks'

// A picture from bytes; its address goes with it.
export function BlobPicture({ bytes, words, class: name }: { bytes: Blob; words: string; class?: string }) {
  const [address, setAddress] = useState<string>()
  useEffect(() => {
    const made = URL.createObjectURL(bytes)
    setAddress(made)
    return () => URL.revokeObjectURL(made)
  }, [bytes])
  return <img class={name} src={address} alt={words} loading="lazy" />
}
