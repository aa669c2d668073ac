#include "ipld/car_index.h"

#include <gtest/gtest.h>

#include "ipld/car.h"
#include "ipld/hash.h"

namespace eai::ipld {
namespace {

Result<CarIndex> index_of(const Bytes& file) {
  const auto read = [&](std::uint64_t offset, std::span<std::uint8_t> into) -> Result<void> {
    EXPECT_LE(offset + into.size(), file.size());
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return {};
  };
  return CarIndex::read(read, file.size());
}

std::vector<Block> some_blocks() {
  std::vector<Block> out;
  for (std::size_t size : {0U, 1U, 300U, 70'000U}) {
    Bytes block(size, static_cast<std::uint8_t>(size));
    out.push_back({Cid::raw_of(block), block});
  }
  return out;
}

Bytes in_v2(const Bytes& car, std::uint64_t offset, std::uint64_t size, std::size_t behind = 0) {
  Bytes out = {0x0a, 0xa1, 0x67, 'v', 'e', 'r', 's', 'i', 'o', 'n', 0x02};
  out.resize(out.size() + 16);
  for (const std::uint64_t number : {offset, size, std::uint64_t{0}})
    for (int i = 0; i < 8; ++i) out.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
  out.insert(out.end(), car.begin(), car.end());
  out.resize(out.size() + behind);
  return out;
}

TEST(CarIndex, KnowsWhereEachBlockLies) {
  const auto blocks = some_blocks();
  const Bytes car = write_car({blocks[2].cid, blocks[0].cid}, blocks);
  for (const Bytes& file : {car, in_v2(car, 51, car.size(), 100)}) {
    const auto index = index_of(file);
    ASSERT_TRUE(index) << index.error().message;
    EXPECT_EQ(index->roots(), (std::vector<Cid>{blocks[2].cid, blocks[0].cid}));
    EXPECT_EQ(index->count(), blocks.size());
    EXPECT_EQ(index->bytes(), 70'301U);
    for (const Block& block : blocks) {
      const auto place = index->find(block.cid);
      ASSERT_TRUE(place);
      EXPECT_EQ(Bytes(file.begin() + static_cast<std::ptrdiff_t>(place->begin),
                      file.begin() + static_cast<std::ptrdiff_t>(place->end)),
                block.bytes);
    }
    EXPECT_FALSE(index->find(Cid::raw_of(Bytes{9})));
  }
}

TEST(CarIndex, ABlockThatIsThereTwiceCountsOnce) {
  auto blocks = some_blocks();
  blocks.push_back(blocks[2]);
  const auto index = index_of(write_car({blocks[0].cid}, blocks));
  ASSERT_TRUE(index);
  EXPECT_EQ(index->count(), 4U);
}

TEST(CarIndex, WhatIsCutOffOrNoCarIsRefusedWhereverItEnds) {
  const auto blocks = some_blocks();
  const Bytes car = write_car({blocks[0].cid}, {blocks[1], blocks[2]});
  std::size_t whole = 0;
  for (std::size_t size = 0; size < car.size(); ++size) {
    const auto index = index_of(Bytes(car.begin(), car.begin() + static_cast<std::ptrdiff_t>(size)));
    if (index)
      ++whole;
    else
      EXPECT_TRUE(index.error().code == Code::invalid || index.error().code == Code::corrupt) << size;
  }
  EXPECT_EQ(whole, 2U) << "it may end between two sections";
  EXPECT_EQ(index_of({}).error().code, Code::invalid);
  EXPECT_EQ(index_of(Bytes{'G', 'G', 'U', 'F', 3, 0, 0, 0}).error().code, Code::invalid);
  EXPECT_EQ(index_of(Bytes(1000, 0)).error().code, Code::invalid);
}

TEST(CarIndex, TooManyBlocksAreRefused) {
  const Bytes car = write_car({some_blocks()[0].cid}, some_blocks());
  const auto read = [&](std::uint64_t offset, std::span<std::uint8_t> into) -> Result<void> {
    std::copy_n(car.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return {};
  };
  EXPECT_TRUE(CarIndex::read(read, car.size(), 4));
  EXPECT_EQ(CarIndex::read(read, car.size(), 3).error().code, Code::invalid);
}

TEST(CarIndex, AV2WhoseDataLiesOutsideIsRefused) {
  const auto blocks = some_blocks();
  const Bytes car = write_car({blocks[0].cid}, blocks);
  for (const auto& [offset, size] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, car.size()},
                                                                                         {50, car.size()},
                                                                                         {51, car.size() + 1},
                                                                                         {1'000'000, 1},
                                                                                         {~std::uint64_t{0}, 10},
                                                                                         {51, ~std::uint64_t{0}}}) {
    EXPECT_EQ(index_of(in_v2(car, offset, size)).error().code, Code::invalid) << offset << " " << size;
  }
  EXPECT_FALSE(index_of(Bytes{0x0a, 0xa1, 0x67, 'v', 'e', 'r', 's', 'i', 'o', 'n', 0x02, 0}));
}

}  // namespace
}  // namespace eai::ipld
