// The openai package for JavaScript, unchanged, against a running server: node openai_client.cjs <url>
// Prints one JSON object of what it saw.
const OpenAI = require('openai');

async function main(url) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  const messages = [{ role: 'user', content: 'What is the capital of France?' }];

  const models = (await client.models.list()).data.map((model) => model.id);
  const whole = await client.chat.completions.create({ model: 'local-model', messages, temperature: 0 });
  const parts = [];
  const stream = await client.chat.completions.create({ model: 'local-model', messages, temperature: 0, stream: true });
  for await (const part of stream) parts.push(part.choices[0]?.delta?.content ?? '');
  const embedding = await client.embeddings.create({ model: 'local-model', input: ['one', 'two'] });
  const refused = await client.chat.completions.create({ model: 'local-model', messages: [] }).catch((error) => error);

  console.log(JSON.stringify({
    models,
    whole: whole.choices[0].message.content,
    streamed: parts.join(''),
    parts: parts.filter(Boolean).length,
    numbers: embedding.data.map((item) => item.embedding.length),
    refused: { status: refused.status, type: refused.type },
  }));
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
