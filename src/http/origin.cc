#include "http/origin.h"

#include <algorithm>

#include "util/text.h"

namespace eai::http {
namespace {

bool is_web(std::string_view scheme) { return scheme == "http" || scheme == "https"; }

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

bool is_scheme(std::string_view text) {
  const auto fits = [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; };
  return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, fits);
}

// What stands behind a scheme of an app: an id or a name, not a host of the DNS: "obsidian.md", "-", ".".
bool is_app_host(std::string_view text) {
  const auto fits = [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
  };
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, fits);
}

// Host and port behind "http://"; the default port is left out.
bool take_web_host(std::string_view text, Origin& out) {
  const auto authority = parse_authority(text);
  if (!authority || (authority->kind == HostKind::name && ends_in_number(authority->host))) return false;
  out.host = authority->host_text();
  if (authority->port != default_port(out.scheme)) out.port = authority->port;
  return true;
}

bool take_app_host(std::string_view text, Origin& out) {
  const std::string_view host = text.substr(0, text.find(':'));
  if (!is_app_host(host)) return false;
  out.host = host;
  if (host.size() == text.size()) return true;
  const auto authority = parse_authority("x" + std::string(text.substr(host.size())));
  if (!authority) return false;
  out.port = authority->port;
  return true;
}

Failure refuse(std::string_view text, std::string_view why, std::string_view type = {}) {
  std::string message = "no page can have the origin \"" + printable(text, 100) + "\": " + std::string(why);
  if (!type.empty()) message += "; write " + std::string(type);
  return fail(Code::invalid, message);
}

Failure refuse_without_scheme(std::string_view text, std::string_view trimmed) {
  std::string host(trimmed.substr(0, trimmed.find('/')));
  const auto first = host.substr(0, host.find(':'));
  const bool near = first == "localhost" || first.starts_with("127.") || host.starts_with('[');
  const bool usable = !host.empty() && !host.ends_with(':') && host.find_first_of("@?# ,;") == std::string::npos;
  return refuse(text, "an origin begins with a scheme", usable ? (near ? "http://" : "https://") + host : "");
}

std::string_view without_blanks(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// `trimmed` is the text in lower case, without blanks around it.
Result<void> check_scheme(std::string_view text, const std::string& trimmed) {
  if (trimmed.empty()) return refuse(text, "it is empty", "the origin of a page, such as https://app.example");
  if (trimmed.find_first_of(",; \t") != std::string::npos)
    return refuse(text, "it is more than one word", "each origin on its own");
  const auto mark = trimmed.find("://");
  if (mark == std::string::npos) return refuse_without_scheme(text, trimmed);
  const std::string scheme = trimmed.substr(0, mark), behind = trimmed.substr(mark);
  if (scheme == "*") return refuse(text, "the scheme has to be named", "http" + behind + " and https" + behind);
  if (!is_scheme(scheme)) return refuse(text, "it does not begin with a scheme, such as https://");
  if (scheme == "ws" || scheme == "wss")
    return refuse(text, "an origin has the scheme of the page", (scheme == "ws" ? "http" : "https") + behind);
  return {};
}

// What may stand before and behind host and port.
Result<void> check_shape(std::string_view text, const std::string& scheme, std::string_view authority,
                         std::string_view path) {
  const bool whole = path.empty() || path == "/" || path == "/*";
  if (scheme == "file") {
    if (whole && (authority.empty() || authority == "*")) return {};
    return refuse(text, "browsers do not say which file a page comes from",
                  "file:// for apps made with Electron, or null for files in a browser");
  }
  const auto at = authority.rfind('@');
  const std::string plain(at == std::string_view::npos ? authority : authority.substr(at + 1));
  if (!whole) return refuse(text, "an origin has no path", scheme + "://" + plain);
  if (at != std::string_view::npos) return refuse(text, "an origin does not name a user", scheme + "://" + plain);
  return {};
}

// The host of a pattern, in ASCII, without its port.
Result<std::string> pattern_host(std::string_view text, std::string_view scheme, std::string_view host) {
  const std::string_view below = host.starts_with("*.") ? host.substr(2) : host;
  const std::string stars = host.starts_with("*.") ? "*." : "";
  if (below.find('*') != std::string_view::npos) {
    std::string rest(below.substr(below.rfind('*') + 1));
    while (rest.starts_with('.') || rest.starts_with('-')) rest.erase(0, 1);
    return refuse(
        text, "a * stands for a whole host, or for all names below one",
        rest.empty() ? (is_web(scheme) ? "" : std::string(scheme) + "://*") : std::string(scheme) + "://*." + rest);
  }
  if (!is_web(scheme)) {
    if (stars.empty() && is_app_host(host)) return std::string(host);
    return refuse(text, "\"" + printable(host, 60) + "\" is not the id or name of an app",
                  std::string(scheme) + "://* for every one");
  }
  if (const auto authority = parse_authority(below); authority && !authority->port) {
    if (authority->kind == HostKind::name && !ends_in_number(authority->host)) return stars + authority->host;
    if (authority->kind == HostKind::name)
      return refuse(text, "browsers write an IPv4 address as four numbers, such as 127.0.0.1");
    if (!stars.empty()) return refuse(text, "nothing is below an address");
    return authority->host_text();
  }
  if (const auto ascii = to_ascii_name(below)) return stars + *ascii;
  return refuse(text, "\"" + printable(below, 60) + "\" is not the name or address of a host as browsers send it");
}

}  // namespace

std::optional<Origin> Origin::parse(std::string_view header) {
  Origin out;
  const std::string text = lower(header);
  if (text == "null") return out;
  const auto mark = text.find("://");
  if (mark == std::string::npos || !is_scheme(std::string_view(text).substr(0, mark))) return std::nullopt;
  out.scheme = text.substr(0, mark);
  const std::string_view rest = std::string_view(text).substr(mark + 3);
  if (rest.empty()) return out.scheme == "file" ? std::optional(out) : std::nullopt;
  const bool good = is_web(out.scheme) ? take_web_host(rest, out) : take_app_host(rest, out);
  return good ? std::optional(out) : std::nullopt;
}

Result<OriginPattern> OriginPattern::parse(std::string_view text) {
  const std::string trimmed = lower(without_blanks(text));
  OriginPattern out;
  if (trimmed == "*" || trimmed == "null") {
    out.scope_ = trimmed == "*" ? Scope::everything : Scope::opaque;
    return out;
  }
  EAI_CHECK(check_scheme(text, trimmed));
  const auto mark = trimmed.find("://");
  out.parts_.scheme = trimmed.substr(0, mark);
  const std::string& scheme = out.parts_.scheme;
  const std::string_view rest = std::string_view(trimmed).substr(mark + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#\\"));
  EAI_CHECK(check_shape(text, scheme, authority, rest.substr(authority.size())));
  if (scheme == "file") return out;

  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = authority.substr(0, colon);
  if (host.empty()) return refuse(text, "no host follows " + scheme + "://");
  if (host == "*") {
    out.parts_.host = "*";
  } else {
    EAI_TRY(out.parts_.host, pattern_host(text, scheme, host));
  }
  if (colon == std::string_view::npos) return out;
  const std::string port(authority.substr(colon + 1));
  if (port == "*") {
    out.port_rule_ = Port::any;
    return out;
  }
  const auto number = parse_authority("x:" + port);
  if (!number)
    return refuse(text, "\"" + printable(port, 20) + "\" is not a port from 1 to 65535",
                  scheme + "://" + std::string(host) + ":* for any port");
  if (!is_web(scheme) || number->port != default_port(scheme)) out.parts_.port = number->port;
  return out;
}

bool OriginPattern::matches(const Origin& origin) const {
  if (scope_ == Scope::everything) return true;
  if (scope_ == Scope::opaque || origin.scheme.empty()) return scope_ == Scope::opaque && origin.scheme.empty();
  if (origin.scheme != parts_.scheme) return false;
  if (port_rule_ == Port::exact && origin.port != parts_.port) return false;
  return parts_.host == "*" || host_fits(parts_.host, origin.host);
}

std::string OriginPattern::str() const {
  if (scope_ != Scope::parts) return scope_ == Scope::everything ? "*" : "null";
  std::string out = parts_.scheme + "://" + parts_.host;
  if (port_rule_ == Port::any) return out + ":*";
  return parts_.port ? out + ":" + std::to_string(*parts_.port) : out;
}

}  // namespace eai::http
