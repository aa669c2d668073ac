// Why: the images API: OpenAI's requests become jobs of an image engine, its events OpenAI's answers.
// Thread: that of the io_context.
// What holds: a request that cannot be right is refused before a model is loaded for it. A client that goes away ends
// its handler, and with it the connection to the engine, which stops drawing within one step.
// Source: OpenAI's images API (generations, edits, variations and the events of their streams); our additions are
// documented in docs/api.md: id, steps, seed, negative_prompt, guidance, strength, progress.
#pragma once

#include <memory>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "api/exchange.h"
#include "http/server.h"

namespace eai::api {

struct Core;

class Images {
 public:
  explicit Images(Core& core);
  ~Images();

  // `path` with or without /v1.
  static bool serves(std::string_view path);
  // Pictures by address are served without a key: their names are the key.
  static bool is_public(std::string_view path);
  boost::asio::awaitable<void> handle(http::Incoming& request, Exchange& answer);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace eai::api
