// Why: the owner says which web pages and apps may call the server. A pattern that can never match would be found out
// only in a browser's console, so it is refused when it is read, and the refusal says what to type.
// Thread: any; plain values.
// What holds: an origin is compared part by part, never as text: scheme, host, port. A wildcard stands for one whole
// host, for the names below one, or for any port, so "https://*.example.com" does not match
// "https://example.com.evil.com".
// Source: RFC 6454, section 6.2 (how an origin is written), and what browsers and app frameworks send:
// chrome-extension://<id>, moz-extension://<id>, vscode-webview://<id>, tauri://localhost, app://obsidian.md, file://
// from Electron, "null" from a file in a browser or from a sandboxed frame.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/authority.h"
#include "util/result.h"

namespace eai::http {

// One origin as a client sends it, canonical: lower case, no default port. A host may be empty ("file://").
struct Origin {
  std::string scheme;  // empty: the opaque origin "null"
  std::string host;    // with brackets if it is an IPv6 address
  std::optional<std::uint16_t> port;

  bool operator==(const Origin&) const = default;

  // Nothing if the header's value is not exactly one origin.
  static std::optional<Origin> parse(std::string_view header);
};

class OriginPattern {
 public:
  // "https://app.example", "https://*.example.com", "http://localhost:*", "chrome-extension://*", "null", "file://", or
  // "*" for everything. Upper case, a final slash, a default port and names in other scripts are made canonical.
  // Code::invalid: no origin can ever match; the message says why and what to type.
  static Result<OriginPattern> parse(std::string_view text);

  bool matches(const Origin& origin) const;
  std::string str() const;  // canonical
  bool operator==(const OriginPattern&) const = default;

 private:
  enum class Scope : std::uint8_t { everything, opaque, parts };
  enum class Port : std::uint8_t { exact, any };
  Scope scope_ = Scope::parts;
  Port port_rule_ = Port::exact;
  Origin parts_;  // its host may be "*", or begin with "*."
};

}  // namespace eai::http
