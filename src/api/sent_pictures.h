// Why: a request's pictures come inside it or by address, in formats of which an engine knows few, and an address asks
// this machine to open a connection. The API reads and fetches them, carefully, so that the engine never has to: what
// goes on to it are data: URIs of pictures that it surely reads.
// Thread: SentPictures on the io_context's; fetch_picture() blocks and may run on any.
// What holds: only http and https, with TLS verified. Every address is checked after its name was resolved and before
// it is connected to, also after each of at most 3 redirects, so that no name can lead inside. No proxy, user name or
// cookie is used. The limits are 20 MiB and 10 s per picture by address, 48 MiB per request, 16 pictures that are
// fetched at once and 4 that are read, so that an address that drips holds up no picture that is here, and 256 MiB held
// for all requests. Each picture of a request has at most its share of PictureSizes::all. A client that disconnects ends
// the work for it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "engine/picture_sizes.h"
#include "util/bytes.h"
#include "util/result.h"
#include "util/thread_crew.h"

namespace eai::api {

struct PictureRules {
  std::function<bool(std::string_view address)> peer_allowed;  // numeric
  std::chrono::milliseconds deadline{10'000};
  std::uint64_t bytes = 20 * k_mib;
  engine::PictureSizes sizes;  // larger ones are made smaller
};

// A picture's bytes. Code::invalid for whatever is wrong with the address, its host or its answer; Code::cancelled when
// a stop was requested; Code::unsupported without libcurl.
Result<Bytes> fetch_picture(const std::string& url, const PictureRules& rules, const std::stop_token& stop);

// Whether the picture must be fetched: http: or https:, in either case of letters.
bool is_remote(std::string_view source);

class SentPictures {
 public:
  explicit SentPictures(boost::asio::io_context& context) : context_(context) {}
  ~SentPictures();  // ends fetches that still run
  SentPictures(const SentPictures&) = delete;

  struct Sent {
    std::string source;  // a data: URI, or an address
    std::string path;    // of the request's field
  };
  // The pictures as data: URIs, in order. Their share of the 256 MiB is given back when `room` goes.
  struct Read {
    std::vector<std::string> uris;
    std::uint64_t fetched = 0;  // bytes of data: URIs that came by address
    std::shared_ptr<void> room;
  };
  // Code::invalid is about the field whose picture is at fault, also one by address that is not there in time: what a
  // client's address does not deliver is the client's to put right. Code::busy: too many pictures are held at the
  // moment, or there are no threads; Code::timeout: this machine did not get through the pictures of the request.
  boost::asio::awaitable<Result<Read>> read(std::vector<Sent> pictures, PictureRules rules);

 private:
  struct Job;
  Result<void> start(const std::shared_ptr<Job>& job, std::size_t index);
  static Error late(const Job& job);

  boost::asio::io_context& context_;
  std::shared_ptr<std::atomic<std::uint64_t>> held_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::stop_source ending_;
  std::unique_ptr<ThreadCrew> readers_, fetchers_;  // made when first needed
};

}  // namespace eai::api
