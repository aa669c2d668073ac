// Why: there is one way to say that something failed, from the smallest parser up to the exit status.
// Thread: any; these are plain values without shared state.
// What holds: functions that can fail for reasons outside the program return Result<T>. Exceptions are only for bugs
// and for cancellation. The code is set where the cause is known and never changes on the way up, while context is
// added ("reading metadata: …"). One table turns a code into exit status, HTTP status and OpenAI error type:
// error_map.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "util/hint.h"

namespace eai {

enum class Code {
  not_found,    // what was asked for does not exist: a model, a file, a name, content at a source
  corrupt,      // bytes do not match their proof
  invalid,      // the input is wrong; asking again will not help
  io,           // this machine's disk, memory or process table refused
  network,      // every source failed, or a peer broke the protocol
  timeout,      // a deadline passed
  busy,         // somebody else holds it, or a queue is full; asking again later can help
  unsupported,  // the request is right, but this build or this machine cannot do it
  cancelled,    // the caller asked for a stop
};

struct Error {
  Code code = Code::invalid;
  std::string message;     // for people, part of a sentence: what is wrong, and with what; without a final full stop
  Hint hint = Hint::none;  // what can be done about it; the edge puts that into words
  std::string about = {};  // the one thing it concerns, if that has a name of its own: a request's field, a model

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
  return Failure(Error{code, std::move(message), hint, {}});
}
inline Failure fail_about(std::string about, Code code, std::string message, Hint hint = Hint::none) {
  return Failure(Error{code, std::move(message), hint, std::move(about)});
}

// "<what>: <text of the error number>", with Code::not_found for ENOENT and Code::io for every other number.
Failure fail_errno(std::string_view what, int error_number);

// The enumerator's name: "not_found".
std::string_view name_of(Code code);
std::optional<Code> parse_code(std::string_view name);

}  // namespace eai

// EAI_TRY(auto x, f()) declares x with f()'s value, or returns f()'s error from the enclosing function.
// EAI_CHECK(f()) does the same where the value does not matter. Coroutines use EAI_CO_TRY and EAI_CO_CHECK.
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
