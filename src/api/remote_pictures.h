// Why: a picture's address in a request is a wish that this machine open a connection. The gateway does it, warily, so
// that the engine never does: what goes on to the engine is the picture itself.
// Thread: RemotePictures on the io_context's; fetch_picture() blocks, on any.
// What holds: http and https only, TLS verified; every address that would be connected to is checked after the name was
// resolved, and after each of at most 3 redirects, so that no name can lead inside; no proxy, no user names, no
// cookies; at most 20 MiB and 10 s a picture, 48 MiB a request, 4 pictures at once, 256 MiB held for all requests; the type comes from
// the picture's first bytes, never from its sender's words. A client that leaves ends the work for it.
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

// "data:image/png;base64,…". Code::invalid for whatever is wrong with the address, its host or what comes from there;
// Code::cancelled when `stop` was asked for; Code::unsupported without libcurl.
Result<std::string> fetch_picture(const std::string& url, const PictureRules& rules, const std::stop_token& stop);

class RemotePictures {
 public:
  explicit RemotePictures(boost::asio::io_context& context) : context_(context) {}
  ~RemotePictures();  // ends what still runs
  RemotePictures(const RemotePictures&) = delete;

  // A body whose pictures are inside. What it holds of the common room is given back with it.
  struct Body {
    std::string text;
    std::uint64_t fetched = 0;  // bytes, as data URIs
    std::shared_ptr<void> room;
  };
  // Puts pictures in the place of `spots` of `body`, which scan_body() accepted. Code::invalid names the address that is
  // at fault; Code::busy: too many pictures are held now; Code::timeout: they were not all here in time.
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
