// Why: one request for pictures on its way: what it wants, what it has so far, and how the image engine's events become
// its client's answer.
// Thread: that of the io_context. Included by .cc files of this room only.
// What holds: however the handler ends, also when its client has disconnected, the request's progress says so.
#pragma once

#include "api/core.h"
#include "api/engine_call.h"
#include "api/image_events.h"
#include "api/image_shelf.h"
#include "api/images_request.h"

namespace eai::api {

struct Drawing {
  ImageWish wish;
  http::HeaderList truth;  // headers that say which model draws
  std::string model_id;
  std::shared_ptr<ImageProgress> progress;
  std::uint64_t sender = 0;  // as in EngineCall
  bool sees_log = false;     // the same
  std::string address;       // of this server, for urls: own_address()
  std::vector<DrawnImage> images;
  bool ended = false;
  std::optional<Error> failure;

  ~Drawing();
  http::HeaderList headers(std::string_view content_type) const;
  void fail_with(Error error);
};

// A refusal in the form of OpenAI's images API, which names the field that is wrong.
http::Reply image_refusal(int status, std::string_view type, std::string_view message, std::string_view param = {});

// Leases an engine, asks it, and answers the client, whatever happens. The drawing has its wish, model and progress.
// Code::network: the client has disconnected.
asio::awaitable<Result<void>> draw(Core& core, ImageShelf& shelf, Drawing& drawing, http::Outgoing& out);

}  // namespace eai::api
