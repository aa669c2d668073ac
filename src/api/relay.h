// Why: one request on its way to an engine and back; its steps are in relay_request.cc (what is asked) and relay.cc
// (what is answered).
// Thread: the io_context's. Included by .cc files of this room only.
#pragma once

#include <memory>

#include "api/core.h"
#include "api/translation.h"

namespace eai::api {

struct Relay {
  Core& core;
  const Endpoint& endpoint;
  http::Incoming& in;
  Exchange& out;
  std::string fallback = {};                           // why it is not the model that was asked for
  Ignored ignored = {};                                // fields of the request without effect
  std::unique_ptr<Translation> translation = nullptr;  // of the answer; none: it is the engine's own
  std::size_t dimensions = 0;                          // of the vectors that are wanted; 0: the model's own
  std::optional<engine::Lease> lease = {};             // while the engine answers
  std::shared_ptr<void> pictures_room = nullptr;       // held while the body is
  PictureGate::Pass pictures_pass = nullptr;           // likewise, and while the engine has it
  std::string refusal_code = {};                       // if clients look for one
  std::uint64_t shape = 0;                             // of the request (shape.h)
};

// What comes before an engine is asked for: the request is checked, its model is chosen, its pictures are read, and its
// body becomes what the engine gets. Says whether the answer is to be a stream. The choice holds for this request,
// whatever is reloaded in the meantime.
asio::awaitable<Result<bool>> prepare(Relay& relay);

}  // namespace eai::api
