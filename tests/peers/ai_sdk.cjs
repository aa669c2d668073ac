// Vercel's AI SDK, unchanged, against a running server: node ai_sdk.cjs <url>
// Prints one JSON object: what it saw through each provider, or the error.
const { embed, embedMany, generateObject, generateText, stepCountIs, streamObject, streamText, tool } = require('ai');
const { createAnthropic } = require('@ai-sdk/anthropic');
const { createOpenAI } = require('@ai-sdk/openai');
const { createOpenAICompatible } = require('@ai-sdk/openai-compatible');
const { z } = require('zod');

globalThis.AI_SDK_LOG_WARNINGS = false;
const PARIS = 'What is the capital of France?';
const schema = z.object({ n: z.union([z.literal(1), z.literal(2)]), ok: z.boolean() });
const weather = tool({
  description: 'The weather in a city',
  inputSchema: z.object({ city: z.enum(['Paris', 'Rome']) }),
  execute: async ({ city }) => `sunny in ${city}`,
});

// What each question comes to; `wish` names the model.
const questions = {
  whole: async (wish) => {
    const told = await generateText({ ...wish, prompt: PARIS });
    return [told.text, told.finishReason, told.usage.outputTokens];
  },
  streamed: async (wish) => {
    const told = streamText({ ...wish, prompt: PARIS, onError: () => {} });
    const parts = [];
    for await (const part of told.fullStream) {
      if (part.type === 'error') throw part.error;
      if (part.type === 'text-delta') parts.push(part.text);
    }
    return [parts.join(''), await told.finishReason, (await told.usage).outputTokens];
  },
  cut: async (wish) => (await generateText({ ...wish, maxOutputTokens: 5, prompt: PARIS })).finishReason,
  told: async (wish) => {
    const messages = [{ role: 'user', content: 'hi' }, { role: 'assistant', content: 'Hello!' }, { role: 'user', content: PARIS }];
    return (await generateText({ ...wish, system: 'Be brief.', messages })).text;
  },
  retold: async (wish) => {
    const question = { role: 'user', content: PARIS };
    const first = await generateText({ ...wish, messages: [question] });
    return (await generateText({ ...wish, messages: [question, ...first.response.messages, question] })).text;
  },
  called: async (wish) => {
    const told = await generateText({ ...wish, prompt: PARIS, tools: { weather }, toolChoice: 'required', stopWhen: stepCountIs(2) });
    return [told.steps.length, told.steps[0].toolCalls[0].input, told.steps[0].toolResults[0].output, told.steps[0].finishReason];
  },
  named: async (wish) => {
    const told = await generateText({ ...wish, prompt: PARIS, tools: { weather }, toolChoice: { type: 'tool', toolName: 'weather' } });
    return told.toolCalls[0].input;
  },
  calls: async (wish) => {
    const told = streamText({ ...wish, prompt: PARIS, tools: { weather }, toolChoice: 'required', onError: () => {} });
    for await (const part of told.fullStream) if (part.type === 'error') throw part.error;
    return (await told.toolCalls)[0].input;
  },
  object: async (wish) => (await generateObject({ ...wish, prompt: PARIS, schema })).object,
  objects: async (wish) => {
    const told = streamObject({ ...wish, prompt: PARIS, schema, onError: () => {} });
    for await (const part of told.partialObjectStream) void part;
    return told.object;
  },
  seen: async (wish) => {
    const content = [
      { type: 'text', text: 'What do you see in this image?' },
      { type: 'image', image: Buffer.from(process.env.PICTURE, 'base64'), mediaType: 'image/png' },
    ];
    return (await generateText({ ...wish, messages: [{ role: 'user', content }] })).text;
  },
  refused: async (wish) => {
    const content = [{ type: 'image', image: Buffer.from('AAAA'), mediaType: 'image/png' }];
    const error = await generateText({ ...wish, messages: [{ role: 'user', content }] }).catch((one) => one);
    return [error.statusCode, error.message];
  },
};

async function main(url) {
  const place = { baseURL: `${url}/v1`, apiKey: 'none' };
  const openai = createOpenAI(place);
  const compatible = createOpenAICompatible({ name: 'eai', ...place, includeUsage: true, supportsStructuredOutputs: true });
  const models = { compatible: compatible('m'), chat: openai.chat('m'), responses: openai('m'), anthropic: createAnthropic(place)('m') };
  const saw = {};
  for (const [name, model] of Object.entries(models)) {
    // Nothing is kept here that an answer could be referred to by, and this says so to the package.
    const wish = { model, temperature: 0, maxRetries: 0, maxOutputTokens: 400, providerOptions: { openai: { store: false } } };
    saw[name] = {};
    for (const [what, question] of Object.entries(questions)) {
      saw[name][what] = await question(wish).catch((error) => String(error));
    }
  }
  const several = await embedMany({ model: compatible.embeddingModel('m'), values: ['one', 'two'], maxRetries: 0 });
  saw.numbers = several.embeddings.map((one) => one.length);
  const providerOptions = { openai: { dimensions: 64 } };
  saw.shorter = (await embed({ model: openai.embeddingModel('m'), value: 'one', maxRetries: 0, providerOptions })).embedding.length;
  saw.prompt = (await generateText({ model: openai.completion('m'), prompt: PARIS, maxRetries: 0, maxOutputTokens: 20, temperature: 0 })).text;
  console.log(JSON.stringify(saw));
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
