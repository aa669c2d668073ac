export const hostile: [name: string, text: string][]
