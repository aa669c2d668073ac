// Plain completions: engines speak them, except that they tell the probabilities of tokens in the form of a chat.
#include <boost/json.hpp>

#include "api/api_error.h"
#include "api/translation.h"
#include "http/sse.h"

namespace eai::api {
namespace {

namespace json = boost::json;

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return count;
}

json::object top_of(const json::object& token) {
  json::object out;
  const json::value* top = token.if_contains("top_logprobs");
  if (top == nullptr || !top->is_array()) return out;
  for (const json::value& one : top->get_array()) {
    const json::object* object = one.if_object();
    const json::value* text = object != nullptr ? object->if_contains("token") : nullptr;
    if (text != nullptr && text->is_string()) out[text->get_string()] = object->at("logprob");
  }
  return out;
}

class CompletionsTranslation final : public Translation {
 public:
  Result<void> to_chat(json::object&, Ignored&) override { return {}; }

  Result<std::string> whole(std::string_view completion) override {
    json::error_code error;
    json::value answer = json::parse({completion.data(), completion.size()}, error);
    if (error || !answer.is_object()) return fail(Code::network, "the engine's answer is not a completion");
    reshape(answer.get_object());
    return json::serialize(answer);
  }

  std::string events(std::string_view chunk) override {
    auto event = whole(chunk);
    return http::sse_event({event ? *std::move(event) : std::string(chunk)});
  }

  std::string finish() override { return http::sse_event({"[DONE]"}); }
  std::string failure(const Error& error) override { return error_event(error); }

 private:
  void reshape(json::object& answer) {
    json::value* choices = answer.if_contains("choices");
    if (choices == nullptr || !choices->is_array()) return;
    for (json::value& choice : choices->get_array()) {
      json::object* object = choice.if_object();
      json::value* told = object != nullptr ? object->if_contains("logprobs") : nullptr;
      json::value* tokens = told != nullptr && told->is_object() ? told->get_object().if_contains("content") : nullptr;
      if (tokens == nullptr || !tokens->is_array()) continue;
      const json::value* index = object->if_contains("index");
      json::object old_form = reshaped(tokens->get_array(), index != nullptr ? index->to_number<std::size_t>() : 0);
      *told = std::move(old_form);
    }
  }

  json::object reshaped(const json::array& content, std::size_t choice) {
    if (choice >= offsets_.size()) offsets_.resize(choice + 1);
    json::array tokens, probabilities, top, offsets;
    for (const json::value& value : content) {
      const json::object* token = value.if_object();
      const json::value* text = token != nullptr ? token->if_contains("token") : nullptr;
      if (text == nullptr || !text->is_string()) continue;
      tokens.push_back(*text);
      probabilities.push_back(token->at("logprob"));
      top.emplace_back(top_of(*token));
      offsets.emplace_back(offsets_[choice]);
      offsets_[choice] += characters({text->get_string().data(), text->get_string().size()});
    }
    return {{"tokens", std::move(tokens)},
            {"token_logprobs", std::move(probabilities)},
            {"top_logprobs", std::move(top)},
            {"text_offset", std::move(offsets)}};
  }

  std::vector<std::size_t> offsets_;  // of the next token of each choice, in characters
};

}  // namespace

std::unique_ptr<Translation> make_completions_translation() { return std::make_unique<CompletionsTranslation>(); }

}  // namespace eai::api
