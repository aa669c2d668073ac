#include "http/origin.h"

#include <gtest/gtest.h>

namespace eai::http {
namespace {

bool fits(std::string_view pattern, std::string_view origin) {
  const auto parsed = OriginPattern::parse(pattern);
  EXPECT_TRUE(parsed) << pattern << ": " << (parsed ? "" : parsed.error().message);
  const auto sent = Origin::parse(origin);
  return parsed && sent && parsed->matches(*sent);
}

TEST(Authority, OneHostAndAtMostOnePort) {
  const auto text = [](std::string_view from) {
    const auto parsed = parse_authority(from);
    return parsed ? parsed->str() : "refused";
  };
  for (const char* good : {"localhost", "localhost:8080", "127.0.0.1:1", "[::1]", "[::1]:65535", "my_box.local:80",
                           "host.docker.internal:8080", "a-b.example", "127.1"})
    EXPECT_EQ(text(good), good);
  EXPECT_EQ(text("LOCALHOST.:8080"), "localhost:8080");
  EXPECT_EQ(text("[0:0::0001]:8080"), "[::1]:8080");
  EXPECT_EQ(text("[fe80::1%25eth0]"), "[fe80::1%eth0]");
  for (const char* bad : {"",
                          ":80",
                          "localhost:",
                          "localhost:0",
                          "localhost:080",
                          "localhost:99999",
                          "localhost:65536",
                          "localhost:+80",
                          "localhost:80:80",
                          "localhost:80@evil.com",
                          "user@localhost",
                          "user:pass@localhost",
                          "[::1].evil.com",
                          "[::1]evil",
                          "[::1",
                          "::1",
                          "[::1]:",
                          "[127.0.0.1]",
                          "[::g]",
                          "[]",
                          "127.0.0.1:evil",
                          "localhost/",
                          "localhost?",
                          "localhost#",
                          "localhost\\",
                          "a b",
                          "a..b",
                          ".",
                          "..",
                          "local%68ost",
                          "localhost,evil.com",
                          "b\xc3\xbc"
                          "cher",
                          "localhost\t",
                          "*",
                          "*.example"})
    EXPECT_EQ(text(bad), "refused") << bad;
  EXPECT_EQ(text(std::string(64, 'a')), "refused");
}

TEST(Authority, NamesThatTheInternetCannotGiveAway) {
  for (const char* near :
       {"box", "box.local", "host.docker.internal", "nas.lan", "pi.home.arpa", "nas.fritz.box", "app.localhost"})
    EXPECT_TRUE(is_private_name(near)) << near;
  for (const char* far : {"evil.example", "local.evil.com", "example.localhost.com", "2130706433", "127.1",
                          "0x7f000001", "fritz.box", "xlocal.com"})
    EXPECT_FALSE(is_private_name(far)) << far;
}

TEST(Origin, PatternsMatchTheirOwn) {
  const std::pair<const char*, const char*> pairs[] = {
      {"https://chat.example", "https://chat.example"},
      {"HTTPS://Chat.Example/", "https://chat.example"},
      {"https://chat.example:443", "https://chat.example"},
      {"https://chat.example", "https://chat.example:443"},
      {"http://chat.example:80/*", "http://chat.example"},
      {"https://chat.example.", "https://chat.example"},
      {"http://localhost:*", "http://localhost:3000"},
      {"http://localhost:*", "http://localhost"},
      {"http://localhost:3000", "http://LOCALHOST:3000"},
      {"http://[0:0:0:0:0:0:0:1]:3000", "http://[::1]:3000"},
      {"http://[::1]:*", "http://[::1]:5173"},
      {"http://192.168.1.7:*", "http://192.168.1.7:3000"},
      {"http://*:*", "http://box:3000"},
      {"https://*", "https://anything.example"},
      {"https://*.example.com", "https://a.example.com"},
      {"https://*.example.com", "https://a.b.example.com"},
      {"https://*.example.com:*", "https://a.example.com:8443"},
      {"chrome-extension://*", "chrome-extension://abcdefghijklmnopabcdefghijklmnop"},
      {"chrome-extension://abcdefghijklmnopabcdefghijklmnop/", "chrome-extension://abcdefghijklmnopabcdefghijklmnop"},
      {"moz-extension://*", "moz-extension://6e1d0d6a-1f5a-4b6e-8a31-2f3c7a2b1c11"},
      {"safari-web-extension://*", "safari-web-extension://6E1D0D6A-1F5A-4B6E-8A31-2F3C7A2B1C11"},
      {"vscode-webview://*", "vscode-webview://0k1p5lq3b2v8"},
      {"app://obsidian.md", "app://obsidian.md"},
      {"app://-", "app://-"},
      {"tauri://localhost", "tauri://localhost"},
      {"capacitor://localhost", "capacitor://localhost"},
      {"null", "null"},
      {"file://", "file://"},
      {"file:///", "file://"},
      {"file://*", "file://"},
      {"*", "null"},
      {"*", "https://any.example"},
      {"https://b\xc3\xbc"
       "cher.example",
       "https://xn--bcher-kva.example"},
      {"https://B\xc3\x9c"
       "CHER.example:8443",
       "https://xn--bcher-kva.example:8443"},
      {"https://*.b\xc3\xbc"
       "cher.example",
       "https://www.xn--bcher-kva.example"},
      {" https://chat.example\t", "https://chat.example"},
  };
  for (const auto& [pattern, origin] : pairs) EXPECT_TRUE(fits(pattern, origin)) << pattern << " and " << origin;
}

TEST(Origin, NeighboursDoNotMatch) {
  const std::pair<const char*, const char*> pairs[] = {
      {"https://example.com", "https://example.com.evil.com"},
      {"https://example.com", "https://evil-example.com"},
      {"https://example.com", "http://example.com"},
      {"https://example.com", "https://example.com:8443"},
      {"https://example.com", "https://user@example.com"},
      {"https://example.com", "https://example.com/"},
      {"https://example.com", "https://example.com https://evil.com"},
      {"https://*.example.com", "https://example.com"},
      {"https://*.example.com", "https://evilexample.com"},
      {"https://*.example.com", "https://a.example.com.evil.com"},
      {"https://*.example.com", "https://.example.com"},
      {"https://*.example.com", "https://a.example.com:8443"},
      {"http://localhost:*", "http://localhost.evil.com"},
      {"http://localhost:*", "http://localhost:80@evil"},
      {"http://localhost:*", "http://localhost:"},
      {"http://localhost:*", "http://localhost:99999"},
      {"http://localhost:*", "http://localhost:80.evil.com"},
      {"http://localhost:*", "http://evil.com:80"},
      {"http://localhost:*", "https://localhost:3000"},
      {"http://localhost:*", "http://sub.localhost:3000"},
      {"http://localhost:*", "null"},
      {"chrome-extension://*", "moz-extension://abc"},
      {"chrome-extension://*", "chrome-extension://"},
      {"chrome-extension://*", "chrome-extension://abc/evil"},
      {"null", "file://"},
      {"file://", "null"},
      {"file://", "file://evil"},
      {"https://*", "http://any.example"},
      {"*", "https://a, https://b"},
      {"*", ""},
  };
  for (const auto& [pattern, origin] : pairs) EXPECT_FALSE(fits(pattern, origin)) << pattern << " and " << origin;
}

TEST(Origin, WhatCanNeverMatchIsRefusedWithWhatToType) {
  const std::pair<const char*, const char*> pairs[] = {
      {"example.com", "write https://example.com"},
      {"localhost:3000", "write http://localhost:3000"},
      {"localhost:*", "write http://localhost:*"},
      {"*.example.com", "write https://*.example.com"},
      {"https://example.com/app", "write https://example.com"},
      {"https://example.com?x", "write https://example.com"},
      {"https://user@example.com", "write https://example.com"},
      {"https://*example.com", "write https://*.example.com"},
      {"https://a.*.example.com", "write https://*.example.com"},
      {"http://local*", "a * stands for"},
      {"*://example.com", "write http://example.com and https://example.com"},
      {"http://localhost:30*", "write http://localhost:* for any port"},
      {"http://localhost:99999", "not a port"},
      {"http://localhost:", "not a port"},
      {"http://127.1:3000", "four numbers"},
      {"http://0x7f000001", "four numbers"},
      {"https://", "no host"},
      {"https://a,https://b", "each origin on its own"},
      {"https://a https://b", "each origin on its own"},
      {"wss://example.com", "write https://example.com"},
      {"file:///home/me/page.html", "null"},
      {"http://[::1", "not the name or address"},
      {"https://a_b!.example", "not the name or address"},
      {"chrome-extension://abc*", "a * stands for"},
      {"https:/example.com", "scheme"},
      {"", "empty"},
  };
  for (const auto& [pattern, words] : pairs) {
    const auto refused = OriginPattern::parse(pattern);
    ASSERT_FALSE(refused) << pattern;
    EXPECT_NE(refused.error().message.find(words), std::string::npos) << refused.error().message;
  }
}

}  // namespace
}  // namespace eai::http
