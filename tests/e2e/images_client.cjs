// The openai package for JavaScript, unchanged, against a server with an image model: node images_client.cjs <url>
// Prints one JSON object of what it saw.
const { OpenAI, toFile } = require('openai');

async function main(url) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  const wish = { model: 'local-model', prompt: 'a red circle', size: '64x64', seed: 7, steps: 4 };

  const whole = await client.images.generate({ ...wish, n: 2 });
  const events = [];
  const stream = await client.images.generate({ ...wish, stream: true, partial_images: 2 });
  for await (const event of stream) events.push(event);
  const picture = await toFile(Buffer.from(whole.data[0].b64_json, 'base64'), 'picture.png', { type: 'image/png' });
  const edited = await client.images.edit({ image: picture, prompt: 'a blue circle', size: '64x64' });
  const address = await client.images.generate({ ...wish, response_format: 'url' });
  const file = await fetch(address.data[0].url);
  const refused = await client.images.generate({ ...wish, size: '513x7' }).catch((error) => error);

  console.log(JSON.stringify({
    pictures: whole.data.length,
    same: events.at(-1).b64_json === whole.data[0].b64_json,
    types: events.map((event) => event.type),
    edited: edited.data[0].b64_json.length,
    type: file.headers.get('content-type'),
    fetched: Buffer.from(await file.arrayBuffer()).toString('base64') === whole.data[0].b64_json,
    refused: { status: refused.status, param: refused.param },
  }));
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
