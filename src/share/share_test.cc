// A share over real sockets, with blocks from memory and from a file.
#include "share/share.h"

#include <map>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "fakes/raw_client.h"
#include "fakes/server_thread.h"
#include "ipld/car.h"
#include "ipld/unixfs.h"

namespace eai::share {
namespace {

using ipld::Cid;
using test::RawClient;

// A file of five blocks, whose leaves lie in a file of the disk; and whatever a test adds.
class World final : public BlockSource {
 public:
  World() {
    for (int i = 0; i < 5 * 1000; ++i) content_ += static_cast<char>('a' + i % 26);
    EXPECT_TRUE(write_file_atomic(folder_.path() / "f", view_of(content_)));
    auto fd = open_file(folder_.path() / "f", O_RDONLY);
    file_ = std::make_shared<const UniqueFd>(*std::move(fd));
    ipld::FileTree tree({"test", 1, ipld::Leaves::raw, 1000, 2}, [&](const Cid& cid, Bytes block) {
      blocks_.emplace(cid, PlacedBytes{nullptr, {}, std::move(block)});
    });
    for (std::uint64_t at = 0; at < content_.size(); at += 1000) {
      const ipld::TreeNode leaf = ipld::make_leaf({}, view_of(content_).subspan(at, 1000));
      leaves.push_back(leaf.cid);
      blocks_.emplace(leaf.cid, PlacedBytes{file_, {at, at + 1000}, {}});
      tree.add(leaf);
    }
    root = tree.finish().cid;
  }

  Result<Found> block(const Cid& cid) override {
    if (cid == damaged) return fail(Code::corrupt, "damaged");
    const auto found = blocks_.find(cid);
    if (found == blocks_.end()) return fail(Code::not_found, "none");
    return Found{found->second, 1};
  }
  std::optional<std::uint64_t> file_size(const Cid& of) override {
    return of == root ? std::optional<std::uint64_t>(content_.size()) : std::nullopt;
  }
  Result<Found> file_part(const Cid&, std::uint64_t offset) override {
    if (leaves[offset / 1000] == damaged) return fail(Code::corrupt, "damaged");
    return Found{{file_, {offset, (offset / 1000 + 1) * 1000}, {}}, 1};
  }
  std::optional<Bytes> record(const ipld::IpnsName&) override { return std::nullopt; }
  std::uint64_t size(std::size_t) const override { return content_.size(); }

  void adopt(const Cid& cid, Bytes block) { blocks_.emplace(cid, PlacedBytes{nullptr, {}, std::move(block)}); }
  void lose(const Cid& cid) { blocks_.erase(cid); }

  Cid root = Cid::raw_of({});
  std::vector<Cid> leaves;
  std::optional<Cid> damaged;
  std::string content_;

 private:
  TemporaryFolder folder_;
  std::shared_ptr<const UniqueFd> file_;
  std::map<Cid, PlacedBytes> blocks_;
};

class ShareTest : public ::testing::Test {
 protected:
  void start(ShareOptions options = {}) {
    share_.emplace(served_.context(), world_, std::move(options));
    port_ = served_.start(listener_limits(), share_->handlers());
  }
  void TearDown() override { served_.stop(); }

  std::string get(const std::string& target, const std::string& headers = "") {
    RawClient client(port_);
    client.get(target, headers + "Connection: close\r\n");
    return client.until_end();
  }
  std::string get(const Cid& cid, const std::string& rest = "?format=raw", const std::string& headers = "") {
    return get("/ipfs/" + cid.str() + rest, headers);
  }
  static int status_of(const std::string& answer) {
    return std::atoi(answer.c_str() + std::string("HTTP/1.1 ").size());
  }
  static std::string body_of(const std::string& answer) {
    const auto at = answer.find("\r\n\r\n");
    return at == std::string::npos ? "" : answer.substr(at + 4);
  }
  static std::string joined(const std::string& chunked) {
    std::string out;
    for (std::size_t at = 0; at < chunked.size();) {
      const std::size_t size = std::strtoul(chunked.c_str() + at, nullptr, 16);
      at = chunked.find("\r\n", at) + 2;
      if (size == 0) return out;
      out.append(chunked, at, size);
      at += size + 2;
    }
    return out + "(cut off)";
  }
  // The blocks of a CAR, verified; the last one is "cut off" if it was.
  static std::vector<std::string> car_of(const std::string& answer) {
    std::vector<std::string> out;
    ipld::CarReader reader([&](const Cid& cid, ByteView) -> Result<void> {
      out.push_back(cid.str());
      return {};
    });
    const std::string car = joined(body_of(answer));
    if (!reader.feed(view_of(car)) || !reader.finish()) out.emplace_back("cut off");
    return out;
  }

  World world_;
  test::ServerThread served_;
  std::optional<Share> share_;
  std::uint16_t port_ = 0;
};

bool has(const std::string& answer, std::string_view text) { return answer.find(text) != std::string::npos; }

TEST_F(ShareTest, GivesABlockWithWhatCachesAndBrowsersWant) {
  start();
  const std::string answer = get(world_.leaves[1]);
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(body_of(answer), world_.content_.substr(1000, 1000));
  const std::string cid = world_.leaves[1].str();
  for (const std::string& line :
       {std::string("Content-Type: application/vnd.ipld.raw\r\n"), std::string("Content-Length: 1000\r\n"),
        "Content-Disposition: attachment; filename=\"" + cid + ".bin\"", std::string("X-Content-Type-Options: nosniff"),
        "Etag: \"" + cid + ".raw\"", "X-Ipfs-Path: /ipfs/" + cid + "\r\n", "X-Ipfs-Roots: " + cid + "\r\n",
        std::string("Cache-Control: public, max-age=29030400, immutable"),
        std::string("Cross-Origin-Resource-Policy: same-origin")})
    EXPECT_TRUE(has(answer, line)) << line << "\n" << answer.substr(0, 900);
  EXPECT_FALSE(has(answer, "Access-Control"));
  EXPECT_EQ(share_->given().bytes, 1000U);
  EXPECT_EQ(share_->given().to.at("127.0.0.1").bytes, 1000U);
  EXPECT_EQ(share_->given().of.at(1).bytes, 1000U);
}

TEST_F(ShareTest, HeadSaysTheSameAndGivesNothing) {
  start();
  RawClient client(port_);
  client.send("HEAD /ipfs/" + world_.leaves[0].str() + "?format=raw HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(has(client.until("\r\n\r\n"), "Content-Length: 1000"));
  client.send("HEAD /ipfs/" + world_.root.str() + "?format=car HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(has(client.until("\r\n\r\n"), "application/vnd.ipld.car; version=1; order=dfs; dups=n"));
  client.send("HEAD /ipfs/" + Cid::raw_of(view_of("not here")).str() + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status_of(client.until("\r\n\r\n")), 404);
  EXPECT_EQ(share_->given().bytes, 0U);
}

TEST_F(ShareTest, TheProbeOfAnEmptyIdentityIsAnswered) {
  start();
  const std::string raw = get("/ipfs/bafkqaaa?format=raw"), car = get("/ipfs/bafkqaaa?format=car");
  EXPECT_EQ(status_of(raw), 200);
  EXPECT_TRUE(has(raw, "Content-Length: 0\r\n"));
  EXPECT_EQ(status_of(car), 200);
  EXPECT_EQ(joined(body_of(car)), std::string(text_of(ipld::car_header({*Cid::parse("bafkqaaa")}))));
  const Cid hello = Cid::v1(ipld::Codec::raw, {ipld::HashCode::identity, {'h', 'e', 'l', 'l', 'o'}});
  EXPECT_EQ(body_of(get(hello)), "hello");
  EXPECT_EQ(body_of(get(hello, "")), "hello");
}

TEST_F(ShareTest, GivesRangesOfBlocksAndFiles) {
  start();
  const std::string part = get(world_.leaves[2], "?format=raw", "Range: bytes=10-19\r\n");
  EXPECT_EQ(status_of(part), 206);
  EXPECT_TRUE(has(part, "Content-Range: bytes 10-19/1000\r\n"));
  EXPECT_EQ(body_of(part), world_.content_.substr(2010, 10));
  const std::string file = get(world_.root, "", "Range: bytes=990-3010\r\n");
  EXPECT_EQ(status_of(file), 206);
  EXPECT_EQ(body_of(file), world_.content_.substr(990, 2021));
  EXPECT_EQ(body_of(get(world_.root, "")), world_.content_);
  EXPECT_EQ(body_of(get(world_.root, "", "Range: bytes=-1\r\n")), world_.content_.substr(4999));
  const std::string none = get(world_.root, "", "Range: bytes=5000-\r\n");
  EXPECT_EQ(status_of(none), 416);
  EXPECT_TRUE(has(none, "Content-Range: bytes */5000"));
  EXPECT_EQ(status_of(get(world_.root, "", "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n")), 200);
}

TEST_F(ShareTest, WhatAClientHasIsNotGivenAgain) {
  start();
  const std::string cid = world_.leaves[0].str();
  const std::string same = get(world_.leaves[0], "?format=raw", "If-None-Match: W/\"" + cid + ".raw\"\r\n");
  EXPECT_EQ(status_of(same), 304);
  EXPECT_EQ(body_of(same), "");
  EXPECT_EQ(status_of(get(world_.leaves[0], "?format=raw", "If-None-Match: \"other\"\r\n")), 200);
  // Even a client that claims to have it learns no more than others of what is not here.
  EXPECT_EQ(status_of(get(Cid::raw_of(view_of("x")), "?format=raw", "If-None-Match: *\r\n")), 404);
  const std::string car = get(world_.root, "?format=car&dag-scope=block");
  const auto at = car.find("Etag: ") + 6;
  const std::string tag = car.substr(at, car.find("\r\n", at) - at);
  EXPECT_EQ(status_of(get(world_.root, "?format=car&dag-scope=block", "If-None-Match: " + tag + "\r\n")), 304);
  EXPECT_EQ(status_of(get(world_.root, "?format=car", "If-None-Match: " + tag + "\r\n")), 200);
}

TEST_F(ShareTest, GivesACarInTheOrderOfTheWalk) {
  start();
  const std::string answer = get(world_.root, "?format=car");
  EXPECT_EQ(status_of(answer), 200);
  const auto blocks = car_of(answer);
  ASSERT_EQ(blocks.size(), 5U + 6U) << "five leaves and the blocks above them";
  EXPECT_EQ(blocks.front(), world_.root.str());
  EXPECT_EQ(blocks.back(), world_.leaves.back().str());
  EXPECT_EQ(car_of(get(world_.root, "?format=car&entity-bytes=4999:*")).back(), world_.leaves.back().str());
  EXPECT_EQ(car_of(get(world_.root, "?format=car&dag-scope=block")), std::vector{world_.root.str()});
}

TEST_F(ShareTest, ACarWithoutOneOfItsBlocksIsCutOff) {
  world_.lose(world_.leaves[3]);
  start();
  const auto blocks = car_of(get(world_.root, "?format=car"));
  EXPECT_EQ(blocks.back(), "cut off");
  EXPECT_EQ(status_of(get(world_.leaves[3], "?format=car")), 404);
  EXPECT_EQ(car_of(get(world_.root, "?format=car&entity-bytes=0:10")).back(), world_.leaves[0].str());
}

TEST_F(ShareTest, DamagedBytesAreNotGiven) {
  world_.damaged = world_.leaves[2];
  start();
  EXPECT_EQ(status_of(get(world_.leaves[2])), 404);
  RawClient client(port_);
  client.get("/ipfs/" + world_.root.str());
  const std::string answer = client.until_end();
  EXPECT_EQ(body_of(answer), world_.content_.substr(0, 2000));
  EXPECT_TRUE(has(answer, "Content-Length: 5000\r\n")) << "so that a client sees that the answer was cut off";
  EXPECT_EQ(status_of(get(world_.root, "", "Range: bytes=2500-2600\r\n")), 404);
  EXPECT_EQ(share_->given().damaged, 3U);
}

TEST_F(ShareTest, WhatIsNotHereIsNotFetched) {
  start();
  const Cid other = Cid::raw_of(view_of("elsewhere"));
  for (const char* form : {"?format=raw", "?format=car", ""}) EXPECT_EQ(status_of(get(other, form)), 404) << form;
  EXPECT_EQ(status_of(get(other, "?format=raw", "Cache-Control: only-if-cached\r\n")), 412);
  EXPECT_EQ(share_->given().not_here, 4U);
  EXPECT_EQ(status_of(get("/ipfs/" + world_.leaves[0].str() + "/a?format=car")), 400);
  // An inner block is no file.
  const Cid inner = *Cid::parse(car_of(get(world_.root, "?format=car"))[1]);
  EXPECT_EQ(status_of(get(inner, "")), 400);
  EXPECT_EQ(status_of(get(inner, "", "Accept: */*\r\n")), 406);
  EXPECT_EQ(status_of(get(inner)), 200);
}

TEST_F(ShareTest, StrangersAndTheirPagesGetNothing) {
  start();
  const std::string target = "/ipfs/" + world_.leaves[0].str() + "?format=raw";
  for (const char* header : {"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Sec-Fetch-Site: future",
                             "Origin: http://127.0.0.1", "Origin: null"}) {
    const std::string answer = get(target, std::string(header) + "\r\n");
    EXPECT_EQ(status_of(answer), 403) << header;
    EXPECT_FALSE(has(answer, "abcdef")) << header;
  }
  EXPECT_EQ(status_of(get(target, "Sec-Fetch-Site: none\r\n")), 200) << "typed into the address bar";
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.nip.io:80", "box"}) {
    RawClient client(port_);
    client.send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(status_of(client.until_end()), 403) << host;
  }
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    RawClient client(port_);
    client.send(std::string(method) + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const std::string answer = client.until_end();
    EXPECT_EQ(status_of(answer), 405) << method;
    EXPECT_TRUE(has(answer, "Allow: GET, HEAD")) << method;
  }
  RawClient client(port_);
  client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(status_of(client.until("\r\n\r\n")), 413);
  EXPECT_EQ(status_of(get("/")), 404);
  EXPECT_EQ(status_of(get("/metrics")), 404);
}

TEST_F(ShareTest, AHeadHasAtMostTwoKibibytes) {
  start();
  std::string path;
  for (int i = 0; i < 30; ++i) path += "/" + std::string(100, 'x');
  const std::string filename = "&filename=" + std::string(400, '\xff');
  const Cid inlined = Cid::v1(ipld::Codec::raw, {ipld::HashCode::identity, Bytes(128, 'x')});
  for (const auto& [target, status] :
       std::vector<std::pair<std::string, int>>{{"/ipfs/" + inlined.str() + "?x" + filename, 200},
                                                {"/ipfs/" + world_.root.str() + "?format=car" + filename, 200},
                                                {"/ipfs/" + world_.root.str() + "?" + std::string(1500, 'q'), 200},
                                                {"/ipfs/" + world_.root.str() + path + "?format=car", 400}}) {
    const std::string answer = get(target, "Accept: application/vnd.ipld.raw\r\n");
    EXPECT_EQ(status_of(answer), status) << target.substr(0, 80);
    EXPECT_LT(answer.find("\r\n\r\n"), 2048U) << target.substr(0, 80);
  }
}

TEST_F(ShareTest, AFileThatLiesInItsCidIsFoundByItsPath) {
  const Cid inlined = Cid::v1(ipld::Codec::raw, {ipld::HashCode::identity, {'s', 'm', 'a', 'l', 'l'}});
  const auto folder = *ipld::make_directory(ipld::k_unixfs_v1_2025, {{"small.txt", {inlined, 5, 5}}});
  world_.adopt(folder.node.cid, folder.block);
  start();
  EXPECT_EQ(body_of(get(folder.node.cid, "/small.txt?format=raw")), "small");
  EXPECT_EQ(body_of(get(folder.node.cid, "/small.txt")), "small");
  EXPECT_EQ(car_of(get(folder.node.cid, "/small.txt?format=car")), std::vector{folder.node.cid.str()});
}

TEST_F(ShareTest, AConnectionThatEndsOwesTheRateAllTheSame) {
  ShareOptions options;
  options.limits.rate = 2000;
  start(std::move(options));
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status_of(get(world_.leaves[static_cast<std::size_t>(i)])), 200);
  // Half a second for each, and a quarter in advance; the last one's is still owed.
  EXPECT_GT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(700));
}

TEST_F(ShareTest, AFilenameIsGivenInAsciiAndAsItIs) {
  start();
  const std::string answer = get(world_.leaves[0], "?format=raw&filename=te%22st%D1%82%0D%0AX-Evil:%201.bin");
  EXPECT_TRUE(has(
      answer, "attachment; filename=\"te_st___X-Evil: 1.bin\"; filename*=UTF-8''te%22st%D1%82%0D%0AX-Evil%3A%201.bin"))
      << answer.substr(0, 800);
  EXPECT_FALSE(has(answer, "\r\nX-Evil"));
}

TEST_F(ShareTest, TooMuchAtOnceIsPutOff) {
  ShareOptions options;
  options.limits.rate = 1000;
  options.limits.near_answers = 2;
  options.limits.near_walks = 1;
  start(std::move(options));
  RawClient slow(port_), other(port_);
  slow.get("/ipfs/" + world_.root.str() + "?format=car");
  slow.until("\r\n\r\n");
  other.get("/ipfs/" + world_.root.str() + "?format=car");
  const std::string answer = other.answer();
  EXPECT_EQ(status_of(answer), 429);
  EXPECT_TRUE(has(answer, "Retry-After: 1\r\n"));
  EXPECT_EQ(share_->given().put_off, 1U);
  EXPECT_EQ(share_->running(), 1U);
}

TEST_F(ShareTest, ACarIsNeverLargerThanWhatThereIs) {
  // Each block names the one below a hundred times.
  const auto link_to = [&](const Cid& below) {
    ipld::PbNode node;
    for (int i = 0; i < 100; ++i) node.links.push_back({below, std::to_string(1000 + i), 1});
    ipld::UnixfsData data;
    data.type = ipld::UnixfsType::directory;
    node.data = ipld::encode_unixfs(data);
    return ipld::encode_dag_pb(node);
  };
  Cid below = world_.leaves[0];
  for (int depth = 0; depth < 6; ++depth) {
    const Bytes block = link_to(below);
    below = Cid::v1(ipld::Codec::dag_pb, Cid::raw_of(block).hash());
    world_.adopt(below, block);
  }
  start();
  EXPECT_EQ(car_of(get(below, "?format=car")).size(), 7U);
  const std::string answer = get(below, "?format=car&car-dups=y");
  EXPECT_EQ(car_of(answer).back(), "cut off");
  EXPECT_LT(answer.size(), 6 * k_mib);
}

}  // namespace
}  // namespace eai::share
