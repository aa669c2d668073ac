// Why: one way to say that something did not work, from the smallest parser to the exit status.
// Thread: plain values, no shared state.
// What holds: functions that can fail for reasons outside the program return Result<T>. Exceptions are for bugs and
// for cancellation only. Context is added on the way up ("reading metadata: …"); the code is set where the cause is
// known and never changed on the way. Code → exit status, HTTP status and OpenAI error type: one table, error_map.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "util/hint.h"

namespace eai {

enum class Code {
  not_found,    // what was asked for does not exist (model, file, name, source has no such content)
  corrupt,      // bytes do not fit what proves them
  invalid,      // the input is wrong; asking again will not help
  io,           // this machine's disk, memory or process table said no
  network,      // every source failed, or a peer broke the protocol
  timeout,      // a deadline passed
  busy,         // someone else holds it, or a queue is full; asking again later can help
  unsupported,  // right, but not something this build or this machine can do
  cancelled,    // the caller asked for a stop
};

struct Error {
  Code code = Code::invalid;
  std::string message;     // a sentence part for people: what was wrong, with what; no trailing full stop or newline
  Hint hint = Hint::none;  // what can be done about it; the edge puts it into words

  // "<context>: <message>", same code.
  Error with(std::string_view context) && {
    message.insert(0, std::string(context) + ": ");
    return std::move(*this);
  }
};

template <typename T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

inline Failure fail(Code code, std::string message, Hint hint = Hint::none) {
  return Failure(Error{code, std::move(message), hint});
}

// strerror(errno)-style failure: "<what>: <text of error number>", Code::io (ENOENT gives not_found).
Failure fail_errno(std::string_view what, int error_number);

// The code's name as it stands in the enum: "not_found".
std::string_view name_of(Code code);
std::optional<Code> parse_code(std::string_view name);

}  // namespace eai

// EAI_TRY(auto x, f()): declares x with f()'s value, or returns f()'s error from the enclosing function.
// EAI_CHECK(f()): the same where the value does not matter. In coroutines: EAI_CO_TRY, EAI_CO_CHECK.
#define EAI_CAT_(a, b) a##b
#define EAI_CAT(a, b) EAI_CAT_(a, b)
#define EAI_TRY_(result, decl, expr, ret)                     \
  auto result = (expr);                                       \
  if (!result) ret ::eai::Failure(std::move(result).error()); \
  decl = *std::move(result)
#define EAI_CHECK_(result, expr, ret) \
  if (auto result = (expr); !result) ret ::eai::Failure(std::move(result).error())
#define EAI_TRY(decl, ...) EAI_TRY_(EAI_CAT(eai_try_, __LINE__), decl, (__VA_ARGS__), return )
#define EAI_CHECK(...) EAI_CHECK_(EAI_CAT(eai_try_, __LINE__), (__VA_ARGS__), return )
#define EAI_CO_TRY(decl, ...) EAI_TRY_(EAI_CAT(eai_try_, __LINE__), decl, (__VA_ARGS__), co_return )
#define EAI_CO_CHECK(...) EAI_CHECK_(EAI_CAT(eai_try_, __LINE__), (__VA_ARGS__), co_return )
