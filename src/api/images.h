// Why: the images API: OpenAI's requests become jobs of an image engine, its events OpenAI's answers.
// Thread: that of the io_context.
// What holds: a request that cannot be right is refused before a model is loaded for it. A client that disconnects ends
// its handler, and with it the connection to the engine, which stops drawing within one step.
// Source: OpenAI's images API (generations, edits, variations and the events of their streams); our additions are
// documented in docs/api.md: id, steps, seed, negative_prompt, guidance, strength, progress.
#pragma once

#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "api/image_shelf.h"
#include "api/images_request.h"
#include "http/routes.h"

namespace eai::api {

struct Core;

class Images {
 public:
  explicit Images(Core& core) : core_(core) {}

  // POST /v1/images/generations, /edits, /variations.
  boost::asio::awaitable<void> draw(ImageAct act, http::Call call);
  // GET /v1/images/progress/{id}.
  http::Reply progress(std::string_view id) const;
  // GET /v1/images/files/{name}: without a key, since a name is one.
  http::Reply file(std::string_view name);

 private:
  Core& core_;
  ImageShelf shelf_;
};

}  // namespace eai::api
