#include "api/exchange.h"

#include <algorithm>
#include <random>

#include "api/metrics.h"
#include "api/request_log.h"

namespace eai::api {
namespace {

namespace asio = boost::asio;

std::string make_request_id() {
  static std::mt19937_64 random{std::random_device{}()};  // an id, not a secret
  std::string id = "req_";  // and 64 bits in 11 digits: as long as a text can be without memory of its own
  std::uint64_t bits = random();
  for (int digit = 0; digit < 11; ++digit, bits >>= 6)
    id += "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[bits & 0x3f];
  return id;
}

bool is_harmless(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
         c == '.' || c == ':';
}

}  // namespace

std::string request_id_of(const http::Incoming& request) {
  const std::string_view given = request.header("x-request-id");
  const bool good = !given.empty() && given.size() <= 128 && std::all_of(given.begin(), given.end(), is_harmless);
  return good ? std::string(given) : make_request_id();
}

Exchange::Exchange(const http::Incoming& from, http::Outgoing& to, std::string_view path, Metrics& metrics,
                   RequestLog& log)
    : to_(to), metrics_(metrics), log_(log) {
  record.id = request_id_of(from);
  record.path = path;
}

Exchange::~Exchange() {
  metrics_.note(record);
  log_.note(record);
}

asio::awaitable<Result<void>> Exchange::send(const http::Reply& reply) {
  record.status = reply.status;
  record.bytes += reply.body.size();
  record.whole = true;
  return to_.send(reply);
}

asio::awaitable<Result<void>> Exchange::begin(int status, const http::HeaderList& headers, std::string_view first) {
  record.status = status;
  record.bytes += first.size();
  return to_.begin(status, headers, first);
}

asio::awaitable<Result<void>> Exchange::begin_sized(int status, const http::HeaderList& headers, std::uint64_t length,
                                                    std::string_view first) {
  record.status = status;
  record.bytes += first.size();
  return to_.begin_sized(status, headers, length, first);
}

asio::awaitable<Result<void>> Exchange::write(std::string_view bytes) {
  record.bytes += bytes.size();
  return to_.write(bytes);
}

asio::awaitable<Result<void>> Exchange::write_file(std::string_view before, int file, ByteRange range) {
  record.bytes += before.size() + range.size();
  return to_.write_file(before, file, range);
}

asio::awaitable<Result<void>> Exchange::end() {
  record.whole = true;
  return to_.end();
}

void Exchange::note_answer(std::string_view bytes) { read_usage(bytes, record.usage); }

void Exchange::note_event(std::string_view bytes) {
  if (!record.first_token && !bytes.empty()) record.first_token = Record::Clock::now() - record.begun;
  read_usage(bytes, record.usage);
}

}  // namespace eai::api
