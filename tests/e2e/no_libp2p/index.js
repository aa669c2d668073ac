// `helia` imports this name even where only its part for HTTP is used.
export const withLibp2p = () => {
  throw new Error('the tests have Helia without libp2p')
}
