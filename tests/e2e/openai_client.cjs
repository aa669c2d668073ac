// The openai package for JavaScript, unchanged, against a running server: node openai_client.cjs <url>
// Prints one JSON object of what it saw.
const OpenAI = require('openai');

const PARIS = 'What is the capital of France?';
const CITY = {
  type: 'object',
  properties: { city: { type: 'string', enum: ['Paris', 'Rome'] } },
  required: ['city'],
  additionalProperties: false,
};

async function chats(client) {
  const wish = { model: 'local-model', messages: [{ role: 'user', content: PARIS }], temperature: 0 };
  const whole = await client.chat.completions.create(wish);
  const parts = [];
  for await (const part of await client.chat.completions.create({ ...wish, stream: true })) {
    parts.push(part.choices[0]?.delta?.content ?? '');
  }
  const helper = client.chat.completions.stream({ ...wish, stream_options: { include_usage: true } });
  const again = await client.chat.completions.create({
    ...wish,
    messages: [...wish.messages, whole.choices[0].message, ...wish.messages],
  });
  return {
    whole: whole.choices[0].message.content,
    streamed: parts.join(''),
    parts: parts.filter(Boolean).length,
    helper: await helper.finalContent(),
    usage: (await helper.totalUsage()).completion_tokens,
    retold: again.choices[0].message.content,
  };
}

async function structures(client) {
  const wish = { model: 'local-model', messages: [{ role: 'user', content: PARIS }], temperature: 0, max_tokens: 400 };
  const format = { type: 'json_schema', json_schema: { name: 'city', strict: true, schema: CITY } };
  const parsed = await client.chat.completions.parse({ ...wish, response_format: format });
  const called = await client.chat.completions.create({
    ...wish,
    tools: [{ type: 'function', function: { name: 'get_weather', parameters: CITY } }],
    tool_choice: 'required',
  });
  const ran = [];
  const runner = client.chat.completions.runTools({
    ...wish,
    tools: [{ type: 'function', function: { name: 'get_weather', parameters: CITY, parse: JSON.parse, function: (told) => { ran.push(told); return 'sunny'; } } }],
    tool_choice: { type: 'function', function: { name: 'get_weather' } },
  });
  await runner.done();
  return {
    parsed: JSON.parse(parsed.choices[0].message.content),
    called: called.choices[0].message.tool_calls?.map((call) => [call.function.name, JSON.parse(call.function.arguments)]),
    ran,
  };
}

async function responses(client) {
  const wish = { model: 'local-model', temperature: 0, max_output_tokens: 400 };
  const whole = await client.responses.create({ ...wish, input: PARIS });
  const stream = client.responses.stream({ ...wish, input: PARIS });
  const kinds = [];
  for await (const event of stream) kinds.push(event.type);
  const again = await client.responses.create({
    ...wish,
    input: [{ role: 'user', content: 'hi' }, ...whole.output, { role: 'assistant', content: 'Hello!' }, { role: 'user', content: PARIS }],
  });
  const format = { type: 'json_schema', name: 'city', strict: true, schema: CITY };
  const parsed = await client.responses.parse({ ...wish, input: PARIS, text: { format } });
  return {
    whole: whole.output_text,
    streamed: (await stream.finalResponse()).output_text,
    last: kinds.at(-1),
    retold: again.output_text,
    parsed: JSON.parse(parsed.output_text),
  };
}

async function main(url) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  const views = { chats, structures, responses };
  const saw = {};
  for (const [name, view] of Object.entries(views)) saw[name] = await view(client).catch((error) => String(error));

  saw.models = (await client.models.list()).data.map((model) => model.id);
  const embedding = await client.embeddings.create({ model: 'local-model', input: ['one', 'two'] });
  saw.numbers = embedding.data.map((item) => item.embedding.length);
  const shorter = await client.embeddings.create({ model: 'local-model', input: 'one', dimensions: 32 });
  saw.shorter = shorter.data[0].embedding.length;
  const refused = await client.chat.completions.create({ model: 'local-model', messages: [] }).catch((error) => error);
  saw.refused = { status: refused.status, type: refused.type };
  const missing = await client.files.list().catch((error) => error);
  saw.missing = { status: missing.status, code: missing.code };

  console.log(JSON.stringify(saw));
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
