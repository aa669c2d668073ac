#include "engine/refusal_words.h"

#include <algorithm>

#include "util/text.h"

namespace eai::engine {

namespace {

std::string seconds_text(Span span) {
  return human_duration(std::max(std::chrono::ceil<std::chrono::seconds>(span), std::chrono::seconds(1)));
}

}  // namespace

std::string_view words_of(Standing::Phase phase) {
  switch (phase) {
    case Standing::Phase::queued:
      return "queued";
    case Standing::Phase::loading:
      return "loading";
    case Standing::Phase::for_answers:
      return "waiting for running answers";
    case Standing::Phase::for_room:
      return "waiting for room";
  }
  return "queued";
}

Error error_of(const Refuse& refusal, const RefusalFacts& facts) {
  const std::string& name = facts.name;
  switch (refusal.why) {
    case Refusal::too_large: {
      std::string text = name + " needs " + human_bytes(facts.need) + " of memory (";
      if (facts.need != facts.found.memory.total()) text += "as seen on this machine; estimated: ";
      text += facts.found.memory.arithmetic(facts.found.launch) + "), and there are " +
              human_bytes(facts.budget.bytes) + " for models (" + facts.budget.source + ")";
      const bool long_context = facts.found.launch.context > 4096;
      return {Code::unsupported, text, long_context ? Hint::shorter_context : Hint::none};
    }
    case Refusal::queue_full:
      return {Code::busy, std::to_string(facts.waiting) + " requests already wait for " + name};
    case Refusal::deadline: {
      std::string text = "no engine was free for " + name + " in time; the request was " +
                         std::string(words_of(refusal.standing.phase));
      std::string names;
      for (const ModelIndex i : refusal.standing.behind) names += (names.empty() ? "" : ", ") + facts.name_of(i);
      if (!names.empty()) text += (refusal.standing.phase == Standing::Phase::for_room ? " held by " : " of ") + names;
      return {Code::timeout, text};
    }
    case Refusal::start_failed:
      if (facts.damage) return *facts.damage;
      return {Code::io, "the engine of " + name + " could not be started: " + refusal.words};
    case Refusal::cooling:
      if (facts.damage) return *facts.damage;
      return {Code::busy, "the engine of " + name + " could not be started a moment ago, the next try is in " +
                              seconds_text(refusal.retry_after) + ": " + refusal.words};
    case Refusal::removed:
      return {Code::not_found, name + " is no longer served"};
    case Refusal::shutting_down:
      return {Code::busy, "the server is stopping"};
  }
  return {Code::busy, "refused"};
}

}  // namespace eai::engine
