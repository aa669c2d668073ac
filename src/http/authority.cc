#include "http/authority.h"

#include <algorithm>
#include <array>
#include <memory>

#include <arpa/inet.h>
#include <locale.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

#include "http/curl_library.h"
#include "util/text.h"

namespace eai::http {
namespace {

constexpr std::size_t k_longest_name = 253, k_longest_label = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_character(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_'; }

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || text.front() == '0') return std::nullopt;
  const auto number = parse_u64(text);
  if (!number || *number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > k_longest_name) return false;
  while (true) {
    const std::string_view label = text.substr(0, text.find('.'));
    if (label.empty() || label.size() > k_longest_label || !std::ranges::all_of(label, is_name_character)) return false;
    if (label.size() == text.size()) return true;
    text.remove_prefix(label.size() + 1);
  }
}

// "::1" of "0:0::1"; a zone stays as it is ("fe80::1%eth0", also written with "%25").
std::optional<std::string> shortest_ipv6(std::string_view text) {
  const auto mark = text.find('%');
  in6_addr address{};
  if (::inet_pton(AF_INET6, std::string(text.substr(0, mark)).c_str(), &address) != 1) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> out{};
  ::inet_ntop(AF_INET6, &address, out.data(), out.size());
  if (mark == std::string_view::npos) return out.data();
  std::string_view zone = text.substr(mark + 1);
  if (zone.starts_with("25") && zone.size() > 2) zone.remove_prefix(2);
  const bool good = !zone.empty() && zone.size() <= 16 &&
                    std::ranges::all_of(zone, [](char c) { return is_name_character(c) || c == '.'; });
  return good ? std::optional(std::string(out.data()) + "%" + std::string(zone)) : std::nullopt;
}

std::optional<Authority> parse_plain_host(std::string_view text) {
  Authority out{lower(text), HostKind::name, {}};
  in_addr address{};
  if (::inet_pton(AF_INET, out.host.c_str(), &address) == 1) {
    out.kind = HostKind::ipv4;
    return out;
  }
  if (out.host.ends_with('.')) out.host.pop_back();
  return is_name(out.host) ? std::optional(std::move(out)) : std::nullopt;
}

// libcurl takes a name in the coding of the thread's locale, and this program sets none.
class Utf8Locale {
 public:
  Utf8Locale() : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (utf8_ != nullptr) before_ = ::uselocale(utf8_);
  }
  ~Utf8Locale() {
    if (utf8_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(utf8_);
  }
  Utf8Locale(const Utf8Locale&) = delete;

 private:
  locale_t utf8_, before_ = nullptr;
};

// `name` has nothing in it that would end a host inside an address.
std::optional<std::string> foreign_to_ascii([[maybe_unused]] const std::string& name) {
#if LIBCURL_VERSION_NUM >= 0x075800
  const auto library = curl_library();
  if (!library) return std::nullopt;
  const CurlLibrary& curl = **library;
  const Utf8Locale locale;
  const std::unique_ptr<CURLU, decltype(curl.url_cleanup)> url(curl.url(), curl.url_cleanup);
  char* found = nullptr;
  if (url == nullptr || curl.url_set(url.get(), CURLUPART_URL, ("https://" + name + "/").c_str(), 0) != CURLUE_OK ||
      curl.url_get(url.get(), CURLUPART_HOST, &found, CURLU_PUNYCODE) != CURLUE_OK)
    return std::nullopt;
  std::string out = lower(found);
  curl.free(found);
  if (is_name(out)) return out;
#endif
  return std::nullopt;
}

}  // namespace

std::string Authority::host_text() const { return kind == HostKind::ipv6 ? "[" + host + "]" : host; }

std::string Authority::str() const { return host_text() + (port ? ":" + std::to_string(*port) : ""); }

std::optional<Authority> parse_authority(std::string_view text) {
  std::optional<Authority> out;
  std::string_view behind;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    auto address = shortest_ipv6(lower(text.substr(1, close - 1)));
    if (!address) return std::nullopt;
    out = Authority{*std::move(address), HostKind::ipv6, {}};
    behind = text.substr(close + 1);
  } else {
    const std::string_view host = text.substr(0, text.find(':'));
    out = parse_plain_host(host);
    behind = text.substr(host.size());
  }
  if (!out || behind.empty()) return out;
  if (behind.front() != ':') return std::nullopt;
  out->port = parse_port(behind.substr(1));
  return out->port ? out : std::nullopt;
}

bool is_localhost(std::string_view host) { return host == "localhost" || host.ends_with(".localhost"); }

bool is_private_name(std::string_view host) {
  if (ends_in_number(host)) return false;
  if (host.find('.') == std::string_view::npos) return true;
  constexpr std::array<std::string_view, 11> suffixes = {".local",       ".localhost", ".internal", ".lan",
                                                         ".home",        ".home.arpa", ".corp",     ".private",
                                                         ".localdomain", ".intranet",  ".fritz.box"};
  return std::ranges::any_of(suffixes, [&](std::string_view suffix) { return host.ends_with(suffix); });
}

bool ends_in_number(std::string_view host) {
  const auto dot = host.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? host : host.substr(dot + 1);
  if (last.empty()) return false;
  if (std::ranges::all_of(last, is_digit)) return true;
  const auto is_hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
  return last.starts_with("0x") && std::ranges::all_of(last.substr(2), is_hex);
}

std::optional<std::string> to_ascii_name(std::string_view host) {
  std::string text = lower(host);
  if (text.ends_with('.')) text.pop_back();
  const auto is_foreign = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  if (std::ranges::none_of(text, is_foreign)) return is_name(text) ? std::optional(std::move(text)) : std::nullopt;
  // Nothing that would end the name, or begin another one, inside an address.
  const auto belongs = [&](char c) { return is_foreign(c) || is_name_character(c) || c == '.'; };
  if (!std::ranges::all_of(text, belongs)) return std::nullopt;
  return foreign_to_ascii(text);
}

bool host_fits(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with("*.")) return pattern == host;
  pattern.remove_prefix(1);
  return host.size() > pattern.size() && host.ends_with(pattern);
}

}  // namespace eai::http
