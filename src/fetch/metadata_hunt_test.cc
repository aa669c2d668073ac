// download() where the metadata is what matters: who has it, whether it is believed, whether it makes sense.
#include <gtest/gtest.h>

#include "fetch/fetch_testing.h"
#include "ipld/unixfs.h"

namespace eai::fetch {
namespace {

using fakes::LyingGateway;

TEST_F(FetchTest, WrongMetadataIsNotBelieved) {
  make_model();
  LyingGateway liar({"--blocks", blocks_.string(), "--mode", "corrupt"});
  auto model = download({{}, {liar.url()}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::corrupt);
  EXPECT_NE(model.error().message.find(liar.url().substr(7)), std::string::npos);
  EXPECT_NE(model.error().message.find("sent wrong bytes for the metadata"), std::string::npos);
  EXPECT_FALSE(fs::exists(partial()));
  LyingGateway honest(lies("honest"));
  expect_whole(download({{}, {liar.url(), honest.url()}}));
}

TEST_F(FetchTest, UnknownEverywhere) {
  make_model();
  LyingGateway gateway(lies("honest"));
  model_.id = ipld::Cid::raw_of(view_of("never preserved"));
  auto model = download({{blocks_}, {gateway.url()}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::network);
  EXPECT_NE(model.error().message.find("HTTP 404"), std::string::npos) << model.error().message;
}

TEST_F(FetchTest, OfflineWithoutTheBlocks) {
  make_model();
  options_.offline = true;
  LyingGateway gateway(lies("honest"));
  auto model = download({{folder_.path() / "empty"}, {gateway.url()}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::network);
}

TEST_F(FetchTest, MetadataThatMakesNoSenseLeavesNothing) {
  for (const std::string& json :
       {std::string("{"), std::string("[]"), std::string(R"({"folder_name":"x"})"),
        std::string(R"({"folder_name":"../x","files":[],"chunk_size_mb":1,"num_of_files":0})"),
        std::string(1'100'000, ' ')}) {
    fs::create_directories(blocks_);
    model_.id = ipld::Cid::raw_of(view_of(json));
    ASSERT_TRUE(write_file_atomic(blocks_ / model_.id.str(), view_of(json)));
    LyingGateway gateway(lies("honest"));
    auto model = download({{}, {gateway.url()}});
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, Code::invalid) << model.error().message;
    EXPECT_NE(model.error().message.find(gateway.url().substr(7)), std::string::npos) << model.error().message;
    EXPECT_FALSE(fs::exists(partial()));
  }
}

TEST_F(FetchTest, AFormatOfALaterVersionLeavesNothing) {
  fs::create_directories(blocks_);
  std::string json = R"({"folder_name":"x","format":"woven","files":[]})";
  model_.id = ipld::Cid::raw_of(view_of(json));
  ASSERT_TRUE(write_file_atomic(blocks_ / model_.id.str(), view_of(json)));
  auto model = download({{blocks_}, {}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::unsupported) << model.error().message;
  EXPECT_FALSE(fs::exists(partial()));
}

TEST_F(FetchTest, ADagPbMetadataCidWillDo) {
  make_model(500'000);
  // The same document as a UnixFS leaf.
  ipld::Profile profile = ipld::k_unixfs_v1_2025;
  profile.leaves = ipld::Leaves::dag_pb;
  Bytes block;
  ipld::Cid id = ipld::make_leaf(profile, view_of(model_.json), &block).cid;
  ASSERT_TRUE(write_file_atomic(blocks_ / id.str(), block));
  model_.id = id;
  LyingGateway raw(lies("honest"));
  expect_whole(download({{}, {raw.url()}}));
}

}  // namespace
}  // namespace eai::fetch
