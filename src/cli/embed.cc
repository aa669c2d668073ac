// `eai embed`: texts in, vectors or the most similar texts out.
#include <algorithm>
#include <cstdio>

#include <boost/json.hpp>
#include <unistd.h>

#include "cli/embed_texts.h"
#include "cli/progress.h"
#include "cli/ready_model.h"
#include "cli/server_answer.h"
#include "cli/vectors.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t k_batch_texts = 64;
constexpr std::size_t k_batch_bytes = 256 * k_kib;

std::string where(const EmbedText& text) {
  return text.line > 0 ? "line " + std::to_string(text.line) : "\"" + printable(text.text, 40) + "\"";
}

// The vectors of one request.
Result<std::vector<Vector>> ask_for(const ReadyModel& model, std::span<const EmbedText> texts,
                                    const std::stop_token& stop) {
  json::array input;
  for (const EmbedText& text : texts) input.emplace_back(text.text);
  const ServerAsk post{.method = "POST",
                       .target = "/v1/embeddings",
                       .body = json::serialize(json::object{
                           {"model", model.hash}, {"encoding_format", "base64"}, {"input", std::move(input)}}),
                       .cut_off = "the server ended before the vectors were made"};
  std::string body;
  const auto take = [&](std::string_view bytes) -> Result<void> {
    body.append(bytes);
    return {};
  };
  EAI_CHECK(stream_from_server(model.socket, post, take, stop));
  EAI_TRY(const json::object answer, object_of(body));
  return vectors_of(answer, texts.size());
}

// The same, and names the text that cannot be embedded.
Result<std::vector<Vector>> vectors_for(const ReadyModel& model, std::span<const EmbedText> texts,
                                        const std::stop_token& stop) {
  auto all = ask_for(model, texts, stop);
  if (all || all.error().code != Code::invalid) return all;
  if (texts.size() == 1) return Failure(std::move(all).error().with(where(texts.front())));
  std::vector<Vector> out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EAI_TRY(std::vector<Vector> one, vectors_for(model, texts.subspan(i, 1), stop));
    out.push_back(std::move(one.front()));
  }
  return out;
}

std::span<const EmbedText> next_batch(std::span<const EmbedText> rest) {
  std::size_t count = 0, bytes = 0;
  while (count < std::min(rest.size(), k_batch_texts)) {
    bytes += rest[count].text.size();
    if (count > 0 && bytes > k_batch_bytes) break;
    ++count;
  }
  return rest.first(count);
}

// Gets a batch with the number of its first text; says whether more is wanted.
using TakeBatch = std::function<Result<bool>(std::size_t first, const std::vector<Vector>& vectors)>;
Result<void> embed_all(Context& context, const ReadyModel& model, const std::vector<EmbedText>& texts,
                       const TakeBatch& take, const std::stop_token& stop) {
  ProgressDisplay display(context.out);
  std::size_t done = 0;
  while (done < texts.size()) {
    if (texts.size() > k_batch_texts) {
      Bar bar;
      bar.label = model.name;
      bar.done = done;
      bar.total = texts.size();
      bar.amount = std::to_string(done) + " of " + std::to_string(texts.size()) + " texts";
      display.show(bar);
    }
    const auto batch = next_batch(std::span(texts).subspan(done));
    EAI_TRY(const std::vector<Vector> vectors, vectors_for(model, batch, stop));
    display.clear();
    EAI_TRY(const bool more, take(done, vectors));
    if (!more) break;
    done += batch.size();
  }
  return {};
}

json::object object_of(const EmbedText& text, std::size_t index) {
  json::object out{{"index", index}};
  if (text.line > 0) out["line"] = text.line;
  out["text"] = text.text;
  return out;
}

std::string beginning_of(const Vector& vector) {
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, vector.size()); ++i) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4f", static_cast<double>(vector[i]));
    out += (out.empty() ? "" : ", ") + std::string(text);
  }
  return out + (vector.size() > 3 ? ", …" : "");
}

// Whole vectors for programs: one JSON line each.
Result<void> print_vectors(Context& context, const ReadyModel& model, const std::vector<EmbedText>& texts,
                           const std::stop_token& stop) {
  Output always({.json = true});
  Output& lines = context.out.json() ? context.out : always;
  const auto take = [&](std::size_t first, const std::vector<Vector>& vectors) -> Result<bool> {
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      json::object line = object_of(texts[first + i], first + i);
      line["embedding"] = numbers_of(vectors[i]);
      lines.event(line);
    }
    EAI_CHECK(lines.finish());
    return !lines.reader_left();
  };
  return embed_all(context, model, texts, take, stop);
}

// For people: that there are vectors, and how they begin.
Result<void> show_vectors(Context& context, const ReadyModel& model, const std::vector<EmbedText>& texts,
                          const std::stop_token& stop) {
  std::vector<std::vector<std::string>> rows;
  const auto take = [&](std::size_t first, const std::vector<Vector>& vectors) -> Result<bool> {
    for (std::size_t i = 0; i < vectors.size(); ++i)
      rows.push_back(
          {printable(texts[first + i].text, 400), std::to_string(vectors[i].size()), beginning_of(vectors[i])});
    return true;
  };
  EAI_CHECK(embed_all(context, model, texts, take, stop));
  context.out.table({"TEXT", "NUMBERS", "VECTOR"}, rows, 0);
  context.out.note("With --json, or in a pipe, there are all numbers.");
  return {};
}

struct Match {
  double score = 0;
  std::size_t index = 0;
};

Result<std::vector<Match>> matches_of(Context& context, const ReadyModel& model, const std::vector<EmbedText>& texts,
                                      const std::stop_token& stop) {
  const EmbedText question{context.config.embed.similar};
  EAI_TRY(const std::vector<Vector> asked, vectors_for(model, std::span(&question, 1), stop));
  std::vector<Match> out;
  const auto take = [&](std::size_t first, const std::vector<Vector>& vectors) -> Result<bool> {
    if (vectors.front().size() != asked.front().size())
      return fail(Code::network, "the server's vectors have several lengths");
    for (std::size_t i = 0; i < vectors.size(); ++i) out.push_back({cosine_of(asked.front(), vectors[i]), first + i});
    return true;
  };
  EAI_CHECK(embed_all(context, model, texts, take, stop));
  std::ranges::stable_sort(out, std::greater<>(), &Match::score);
  const std::uint64_t most = context.config.embed.top;
  if (most > 0 && out.size() > most) out.resize(most);
  return out;
}

Result<void> rank(Context& context, const ReadyModel& model, const std::vector<EmbedText>& texts,
                  const std::stop_token& stop) {
  EAI_TRY(const std::vector<Match> matches, matches_of(context, model, texts, stop));
  std::vector<std::vector<std::string>> rows;
  for (const Match& match : matches) {
    char score[32];
    std::snprintf(score, sizeof score, "%.4f", match.score);
    rows.push_back({score, printable(texts[match.index].text, 4000)});
    json::object line{{"score", match.score}};
    for (auto& [key, value] : object_of(texts[match.index], match.index)) line[key] = std::move(value);
    context.out.event(line);
  }
  if (!context.out.json()) context.out.table({"SCORE", "TEXT"}, rows, 1);
  return {};
}

Result<void> check_wishes(const Config& config) {
  const EmbedSettings& embed = config.embed;
  if (!is_valid_utf8(embed.similar)) return fail(Code::invalid, "--similar is not UTF-8 text");
  if (embed.top > 0 && embed.similar.empty())
    return fail(Code::invalid, "--top says how many of the most similar texts to print; say with --similar to what");
  return {};
}

Result<void> answer(Context& context, const ReadyModel& model, const std::vector<EmbedText>& texts,
                    const std::stop_token& stop) {
  if (!context.config.embed.similar.empty()) return rank(context, model, texts, stop);
  const bool people = context.out.columns() > 0 && !context.out.json();
  return people ? show_vectors(context, model, texts, stop) : print_vectors(context, model, texts, stop);
}

}  // namespace

Result<int> embed(Context& context) {
  if (context.words.models.empty())
    return fail(Code::invalid, "say which model makes the vectors; `eai search embed` lists some");
  EAI_CHECK(check_wishes(context.config));
  if (context.words.list.empty() && context.config.embed.file.empty() && ::isatty(STDIN_FILENO) == 1)
    context.out.note("Type the texts, one a line. Ctrl-D ends them.");
  EAI_TRY(const std::vector<EmbedText> texts, texts_to_embed(context.words.list, context.config.embed.file));
  Interrupt interrupt;
  const ModelWish wish{.name = context.words.models.front(),
                       .task = model::Task::embed,
                       .command = "eai embed",
                       .other = context.config.server.force ? OtherServer::is_replaced : OtherServer::stays};
  EAI_TRY(const auto model, ready_model(context, wish, interrupt));
  if (!model) {
    context.out.note("Stopped. What is verified is kept; run the same command to continue.");
    return k_interrupted;
  }
  const auto done = answer(context, *model, texts, interrupt.token());
  if (interrupt.requested()) {
    context.out.note("Stopped.");
    return k_interrupted;
  }
  if (!done) return Failure(done.error());
  return 0;
}

}  // namespace eai::cli
