// Why: Beast's HTTP/1.1 parser with our own ends: bytes go in, head and body come out, without a field container or a
// stream.
// Thread: one owner. Included by .cc files of this room only.
#pragma once

#include <string>
#include <string_view>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include "http/message.h"
#include "util/text.h"

namespace eai::http {

namespace beast = boost::beast;
using ErrorCode = boost::system::error_code;

inline constexpr std::size_t k_usual_headers = 8;

template <bool is_request>
class WireParser final : public beast::http::basic_parser<is_request> {
 public:
  explicit WireParser(std::uint32_t header_limit) { this->header_limit(header_limit); }

  std::string method, target;
  int status = 0;
  bool http11 = true;
  HeaderList headers;
  // Takes over the memory that an earlier message has left.
  void use_room_of(std::string& old_target, HeaderList& old_headers) {
    target = std::move(old_target);
    headers = std::move(old_headers);
    headers.clear();
  }

  std::string body;  // decoded bytes, appended as they come; the owner may take them away at any time

 private:
  using View = beast::string_view;
  static std::string text(View view) { return {view.data(), view.size()}; }

  void on_request_impl(beast::http::verb, View method_text, View target_text, int version, ErrorCode&) override {
    http11 = version >= 11;
    headers.reserve(k_usual_headers);
    method = text(method_text);
    target.assign(target_text.data(), target_text.size());
  }
  void on_response_impl(int code, View, int, ErrorCode&) override {
    status = code;
    headers.reserve(k_usual_headers);
  }
  void on_field_impl(beast::http::field, View name, View value, ErrorCode&) override {
    headers.emplace_back(lower({name.data(), name.size()}), text(value));
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) override {
    // Reserved, not touched: a client that announces much and sends nothing costs address space, not memory.
    if (is_request && length) body.reserve(static_cast<std::size_t>(*length));
  }
  std::size_t on_body_impl(View bytes, ErrorCode&) override {
    body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, View, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, ErrorCode&) override {
    body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(ErrorCode&) override {}
};

// Bytes that were read and are not parsed yet.
class WireBuffer {
 public:
  // Room for at least `least` more bytes.
  std::pair<char*, std::size_t> room(std::size_t least) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (data_.size() - end_ < least && begin_ > 0) {
      data_.erase(0, begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (data_.size() - end_ < least) data_.resize(end_ + least);
    return {data_.data() + end_, data_.size() - end_};
  }
  void commit(std::size_t count) { end_ += count; }
  void consume(std::size_t count) { begin_ += count; }
  std::string_view view() const { return {data_.data() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  // Back to a small allocation after a large message.
  void shrink(std::size_t keep) {
    if (data_.size() <= keep || size() > keep) return;
    data_ = std::string(view());
    begin_ = 0;
    end_ = data_.size();
    data_.shrink_to_fit();
  }

 private:
  std::string data_;
  std::size_t begin_ = 0, end_ = 0;
};

// Feeds the parser from `buffer`. True: it got further, look again; false: it needs more bytes, or it failed.
template <bool is_request>
bool feed(WireParser<is_request>& parser, WireBuffer& buffer, ErrorCode& failure) {
  failure = {};
  const auto bytes = buffer.view();
  if (bytes.empty()) return false;
  const auto used = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), failure);
  buffer.consume(used);
  if (failure == beast::http::error::need_more) {
    failure = {};
    return used > 0;  // it may have finished the head or a chunk and want more for what comes next
  }
  return true;
}

}  // namespace eai::http
