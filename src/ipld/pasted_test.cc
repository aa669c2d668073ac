#include "ipld/pasted.h"

#include <gtest/gtest.h>

namespace eai::ipld {
namespace {

constexpr std::string_view k_bytes = "some model";

Cid sample() { return Cid::raw_of(view_of(k_bytes)); }

std::string taken(const std::string& text) {
  const auto cid = parse_pasted(text);
  return cid ? cid->str() : cid.error().message;
}

TEST(Pasted, EveryUsualFormMeansTheSameCid) {
  const std::string cid = sample().str();
  for (const std::string& text : std::vector<std::string>{
           cid,
           " " + cid + "\n",
           cid + "\r\n",
           "\"" + cid + "\"",
           "'" + cid + "',",
           "`" + cid + "`.",
           "<" + cid + ">",
           "<ipfs://" + cid + ">",
           "\xe2\x80\x9c" + cid + "\xe2\x80\x9d",
           "\xef\xbb\xbf" + cid,
           "\xc2\xa0" + cid + "\xe2\x80\x8b",
           cid.substr(0, 30) + "\n    " + cid.substr(30),
           cid + "/",
           cid + "?filename=x",
           "ipfs://" + cid,
           "IPFS://" + cid + "/",
           "ipfs://" + cid + "/?x=1#part",
           "ipfs:" + cid,
           "ipfs://ipfs/" + cid,
           "web+ipfs://" + cid,
           "dweb:/ipfs/" + cid,
           "/ipfs/" + cid,
           "/ipfs/" + cid + "/",
           "ipfs/" + cid,
           "https://dweb.link/ipfs/" + cid,
           "https://gateway.example:8443/ipfs/" + cid + "?download=true",
           "HTTPS://GATEWAY.EXAMPLE/ipfs/" + cid + "/#top",
           "http://[::1]:8080/ipfs/" + cid,
           "https://site.example/some/gateway/ipfs/" + cid,
           "https://" + cid + ".ipfs.dweb.link",
           "https://" + cid + ".ipfs.dweb.link/?format=car",
           "http://" + cid + ".ipfs.localhost:8080/",
           "dweb.link/ipfs/" + cid,
           cid + ".ipfs.dweb.link",
       })
    EXPECT_EQ(taken(text), cid) << text;
}

TEST(Pasted, OtherBasesAndVersions) {
  for (const Base base : {Base::base16, Base::base32_upper, Base::base36, Base::base58btc, Base::base64url})
    EXPECT_EQ(taken("ipfs://" + sample().str(base)), sample().str()) << name_of(base);
  EXPECT_EQ(taken("https://" + sample().str(Base::base36) + ".ipfs.dweb.link/"), sample().str());
  const std::string v0 = "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR";
  EXPECT_EQ(taken("/ipfs/" + v0 + "\n"), v0);
}

TEST(Pasted, WhatCannotBeRightIsRefusedWithTheReason) {
  const std::string cid = sample().str();
  const auto said = [&](const std::string& text, std::string_view words) {
    const auto refused = parse_pasted(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, Code::invalid);
    EXPECT_NE(refused.error().message.find(words), std::string::npos) << refused.error().message;
  };
  said("ipfs://" + cid + "/model.gguf", "\"model.gguf\" inside " + cid);
  said("https://dweb.link/ipfs/" + cid + "/a/b", "\"a/b\" inside " + cid);
  said("https://" + cid + ".ipfs.dweb.link/a?b", "\"a\" inside " + cid);
  said(cid + "/model.gguf", "inside");
  said("ipns://docs.ipfs.tech", "IPNS");
  said("/ipns/" + cid, "IPNS");
  said("https://k51.ipns.dweb.link/", "IPNS");
  said("https://dweb.link/ipns/name", "IPNS");
  said("https://example.com/" + cid, "does not contain a hash");
  said("https://example.com/?q=/ipfs/" + cid, "does not contain a hash");
  said("ipfs://", "does not contain a hash");
  said("/ipfs/", "does not contain a hash");
  said("", "does not contain a hash");
  said("http://127.0.0.1:5001/ipfs/" + cid + "/#/explore/other", "leads to a page");
  said("ipfs://" + cid.substr(1), "not a CID");
  said("ipfs://" + cid + cid, "not a CID");
  said("magnet:?xt=urn:btih:abc", "not a CID");
}

TEST(Pasted, LinksAreToldFromNamesAndFiles) {
  const std::string cid = sample().str();
  for (const std::string& text : std::vector<std::string>{"ipfs://" + cid, "/ipfs/x", " ipfs://y\n", "https://a/b",
                                                          "ipfs/" + cid, "dweb.link/ipfs/" + cid, "ipns://x"})
    EXPECT_TRUE(is_link(text)) << text;
  for (const char* text : {"qwen3-1.7b", "models/x.gguf", "./ipfs/x.gguf", "ipfs/x.gguf", "/tmp/ipfs/x.gguf", "ipfs"})
    EXPECT_FALSE(is_link(text)) << text;
}

}  // namespace
}  // namespace eai::ipld
