// Why: a picture's address in a request asks this machine to open a connection. The API does that, carefully, so that
// the engine never has to: what goes on to the engine is the picture itself.
// Thread: RemotePictures on the io_context's; fetch_picture() blocks and may run on any.
// What holds: only http and https, with TLS verified. Every address is checked after its name was resolved and before
// it is connected to, also after each of at most 3 redirects, so that no name can lead inside. No proxy, user name or
// cookie is used. The limits are 20 MiB and 10 s per picture, 48 MiB per request, 4 pictures at once, and 256 MiB held
// for all requests. The type comes from the picture's first bytes, never from what its sender says. A client that
// disconnects ends the work for it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "api/body_scan.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::api {

struct PictureRules {
  std::function<bool(std::string_view address)> peer_allowed;  // numeric
  std::chrono::milliseconds deadline{10'000};
  std::uint64_t bytes = 20 * k_mib;
};

// "image/png" for PNG, JPEG, GIF, WebP and BMP by their first bytes; else "".
std::string_view picture_type(ByteView bytes);

// "data:image/png;base64,…". Code::invalid for whatever is wrong with the address, its host or its content;
// Code::cancelled when a stop was requested; Code::unsupported without libcurl.
Result<std::string> fetch_picture(const std::string& url, const PictureRules& rules, const std::stop_token& stop);

class RemotePictures {
 public:
  explicit RemotePictures(boost::asio::io_context& context) : context_(context) {}
  ~RemotePictures();  // ends fetches that still run
  RemotePictures(const RemotePictures&) = delete;

  // A body with its pictures inside. Its share of the 256 MiB is given back when `room` goes.
  struct Body {
    std::string text;
    std::uint64_t fetched = 0;  // bytes, as data URIs
    std::shared_ptr<void> room;
  };
  // Replaces `spots` of `body`, which scan_body() has accepted, by pictures. Code::invalid names the address that is at
  // fault; Code::busy: too many pictures are held at the moment; Code::timeout: they did not all arrive in time.
  boost::asio::awaitable<Result<Body>> embed(std::string body, std::vector<ImageSpot> spots, PictureRules rules);

 private:
  struct Job;
  void start(const std::shared_ptr<Job>& job, std::size_t index);

  boost::asio::io_context& context_;
  std::shared_ptr<std::atomic<std::uint64_t>> held_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::stop_source ending_;
  std::optional<boost::asio::thread_pool> threads_;  // made when first needed
};

}  // namespace eai::api
