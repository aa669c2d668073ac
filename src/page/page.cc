#include "page/page.h"

#include <algorithm>

#include "http/content_coding.h"
#include "page/files.h"
#include "util/text.h"

namespace eai::page {
namespace {

constexpr std::string_view k_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// The parts of a header's list, until one of them satisfies `fits`.
template <typename Fits>
bool any_part(std::string_view list, Fits fits) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (fits(trimmed(list.substr(0, comma)))) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

// The weight of a coding or a media type: "gzip;q=0" is not wanted.
bool is_wanted(std::string_view part) {
  const std::size_t at = lower(part).find("q=");
  if (at == std::string_view::npos) return true;
  const std::string_view weight = trimmed(part.substr(at + 2));
  return weight.find_first_of("123456789") != std::string_view::npos;
}

std::string_view name_in(std::string_view part) { return trimmed(part.substr(0, part.find(';'))); }

bool wants_html(std::string_view accept) {
  return any_part(accept, [](std::string_view part) { return lower(name_in(part)) == "text/html" && is_wanted(part); });
}

http::HeaderList headers_of(const File& file, std::string_view tag) {
  return {{"content-type", std::string(file.type)},
          {"content-security-policy", std::string(k_policy)},
          {"x-content-type-options", "nosniff"},
          {"x-frame-options", "DENY"},
          {"referrer-policy", "no-referrer"},
          {"cross-origin-opener-policy", "same-origin"},
          {"cross-origin-resource-policy", "same-origin"},
          {"permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
          {"cache-control", "no-cache"},  // a browser asks each time whether it has changed
          {"etag", std::string(tag)},
          {"vary", file.name.empty() ? "accept, accept-encoding" : "accept-encoding"}};
}

http::Reply answer(const File& file, const http::HeaderList& asked) {
  const bool packed = file.coding == Coding::gzip && takes_gzip(http::find_header(asked, "accept-encoding"));
  const std::string mark = std::string(file.mark) + (packed ? "-gzip" : "");
  http::Reply reply{200, headers_of(file, '"' + mark + '"'), {}};
  if (knows(http::find_header(asked, "if-none-match"), mark)) {
    reply.status = 304;
    return reply;
  }
  reply.body = file.bytes;
  if (packed) {
    reply.headers.emplace_back("content-encoding", "gzip");
  } else if (file.coding == Coding::gzip) {
    auto plain = http::decode_content(std::move(reply.body), "gzip", file.size);
    if (!plain) return {500, {{"content-type", "text/plain"}}, "the page in this program is damaged\n"};
    reply.body = *std::move(plain);
  }
  return reply;
}

}  // namespace

bool takes_gzip(std::string_view accept_encoding) {
  return any_part(accept_encoding, [](std::string_view part) {
    const std::string name = lower(name_in(part));
    return (name == "gzip" || name == "x-gzip" || name == "*") && is_wanted(part);
  });
}

bool knows(std::string_view if_none_match, std::string_view mark) {
  return any_part(if_none_match, [mark](std::string_view part) {
    if (part == "*") return true;
    if (part.starts_with("W/")) part.remove_prefix(2);
    return part.size() == mark.size() + 2 && part.front() == '"' && part.back() == '"' &&
           part.substr(1, mark.size()) == mark;
  });
}

http::Reply answer_root(const http::HeaderList& asked) {
  if (wants_html(http::find_header(asked, "accept"))) return answer(files().front(), asked);
  return {200, {{"content-type", "text/plain"}, {"vary", "accept, accept-encoding"}}, "eai is running\n"};
}

std::optional<http::Reply> answer_file(std::string_view name, const http::HeaderList& asked) {
  const auto found = std::ranges::find(files(), name, &File::name);
  if (name.empty() || found == files().end()) return std::nullopt;
  return answer(*found, asked);
}

}  // namespace eai::page
