// Vercel's AI SDK, unchanged, against a server with an image model: node ai_sdk_images.cjs <url>
const { experimental_generateImage, generateImage = experimental_generateImage } = require('ai');
const { createOpenAI } = require('@ai-sdk/openai');
const { createOpenAICompatible } = require('@ai-sdk/openai-compatible');

async function main(url) {
  const place = { baseURL: `${url}/v1`, apiKey: 'none' };
  const models = { openai: createOpenAI(place).image('m'), compatible: createOpenAICompatible({ name: 'eai', ...place }).imageModel('m') };
  const saw = {};
  for (const [name, model] of Object.entries(models)) {
    const told = await generateImage({ model, prompt: 'a red circle', size: '64x64', n: 2, maxRetries: 0 }).catch((error) => error);
    saw[name] = told.images ? told.images.map((image) => image.base64) : String(told);
  }
  console.log(JSON.stringify(saw));
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
