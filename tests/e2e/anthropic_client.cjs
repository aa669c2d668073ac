// Anthropic's package for JavaScript, unchanged, against a running server: node anthropic_client.cjs <url>
// Prints one JSON object of what it saw.
const Anthropic = require('@anthropic-ai/sdk');

const PARIS = 'What is the capital of France?';
const WEATHER = {
  name: 'get_weather',
  description: 'The weather in a city',
  input_schema: { type: 'object', properties: { city: { type: 'string', enum: ['Paris', 'Rome'] } }, required: ['city'] },
};

async function main(url) {
  const client = new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 });
  const wish = { model: 'local-model', max_tokens: 60, messages: [{ role: 'user', content: PARIS }], temperature: 0 };

  const whole = await client.messages.create(wish);
  const stream = client.messages.stream(wish);
  const parts = [];
  stream.on('text', (text) => parts.push(text));
  const final = await stream.finalMessage();
  const stopped = await client.messages.create({ ...wish, stop_sequences: ['is'] });
  const counted = await client.messages.countTokens({ model: wish.model, messages: wish.messages, tools: [WEATHER] });
  const called = await client.messages.create({ ...wish, max_tokens: 400, tools: [WEATHER], tool_choice: { type: 'any' } });
  const again = await client.messages.create({
    ...wish,
    messages: [...wish.messages, { role: 'assistant', content: whole.content }, ...wish.messages],
  });
  const refused = await client.messages.create({ ...wish, messages: [] }).catch((error) => error);

  console.log(JSON.stringify({
    whole: whole.content[0].text,
    streamed: final.content[0].text,
    parts: parts.length,
    stopped: [stopped.stop_reason, stopped.stop_sequence],
    counted: counted.input_tokens,
    called: called.content.filter((block) => block.type === 'tool_use').map((block) => [block.name, block.input]),
    why: called.stop_reason,
    retold: again.content[0].text,
    refused: { status: refused.status, type: refused.error?.error?.type },
  }));
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
