#include "cli/bench_sample.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include <boost/json.hpp>

#include "cli/server_answer.h"
#include "http/sse.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t k_event_limit = k_mib;

double number_in(const json::object& timings, std::string_view name) {
  const json::value* number = timings.if_contains(name);
  return number != nullptr && number->is_number() ? number->to_number<double>() : 0;
}

class Watch {
 public:
  Result<void> take(std::string_view bytes) {
    EAI_CHECK(events_.feed(bytes));
    while (const auto event = events_.next()) {
      if (event->data.empty() || event->data == "[DONE]") continue;
      EAI_TRY(const json::object chunk, object_of(event->data));
      if (const json::value* error = chunk.if_contains("error"); error != nullptr && error->is_object())
        return fail(Code::io, printable(text_in(error->get_object(), "message"), 2000));
      take_chunk(chunk);
    }
    return {};
  }

  Result<Sample> end(Clock::time_point begin) const {
    if (!first_ || !timings_) return fail(Code::network, "the answer has no tokens or no timings");
    const auto made = static_cast<double>(signed_in(*timings_, "predicted_n"));
    const std::chrono::duration<double> first = *first_ - begin, all = last_ - begin;
    // From the end of the prompt, since a quick model's tokens may all come with the first one.
    const double generating = all.count() - number_in(*timings_, "prompt_ms") / 1000;
    if (made < 2 || generating <= 0) return fail(Code::network, "the answer has too few tokens to measure");
    return Sample{first.count(), number_in(*timings_, "prompt_per_second"), made / generating};
  }

 private:
  void take_chunk(const json::object& chunk) {
    const json::value* timings = chunk.if_contains("timings");
    if (timings != nullptr && timings->is_object()) timings_ = timings->get_object();
    const json::value* choices = chunk.if_contains("choices");
    if (choices == nullptr || !choices->is_array() || choices->get_array().empty()) return;
    last_ = Clock::now();
    if (!first_) first_ = last_;
  }

  http::SseReader events_{k_event_limit};
  std::optional<Clock::time_point> first_;
  Clock::time_point last_;
  std::optional<json::object> timings_;
};

}  // namespace

std::vector<std::uint32_t> random_prompt(std::uint64_t length, std::uint64_t vocabulary, std::mt19937_64& chance) {
  const std::uint64_t begin = vocabulary / 4, end = std::max(begin, vocabulary - vocabulary / 4);
  std::uniform_int_distribution<std::uint32_t> token(static_cast<std::uint32_t>(begin),
                                                     static_cast<std::uint32_t>(end));
  std::vector<std::uint32_t> out(length);
  for (std::uint32_t& one : out) one = token(chance);
  return out;
}

Result<Sample> take_sample(const fs::path& socket, const SampleWish& wish, const std::stop_token& stop) {
  const json::object request{{"model", wish.model},
                             {"prompt", json::array(wish.prompt.begin(), wish.prompt.end())},
                             {"max_tokens", wish.tokens},
                             {"temperature", 0},
                             {"stream", true},
                             {"ignore_eos", true},
                             {"cache_prompt", false}};
  const ServerAsk post{.method = "POST",
                       .target = "/v1/completions",
                       .body = json::serialize(request),
                       .cut_off = "the answer was cut off while it was measured"};
  Watch watch;
  const auto begin = Clock::now();
  EAI_CHECK(stream_from_server(
      socket, post, [&](std::string_view bytes) { return watch.take(bytes); }, stop));
  return watch.end(begin);
}

Spread spread_of(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {median, values.front(), values.back()};
}

}  // namespace eai::cli
