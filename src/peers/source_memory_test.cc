#include "peers/source_memory.h"

#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "util/text.h"

namespace eai::peers {
namespace {

using namespace std::chrono_literals;
using Wall = SourceMemory::Clock;

constexpr const char* k_one = "https://one.example";
constexpr const char* k_two = "https://two.example";

class SourceMemoryTest : public ::testing::Test {
 protected:
  SourceMemory memory() {
    return SourceMemory({home_ / "sources.json", home_ / "locks/sources.lock"}, [this] { return now_; });
  }
  bool distrusts(const std::string& key) { return memory().recall(key).distrusted_until.has_value(); }
  double rate(const std::string& key) { return memory().recall(key).bytes_per_second; }
  void measure(const std::string& key, double megabytes_per_second, std::chrono::duration<double> time) {
    SourceMemory one = memory();
    one.measured(key, static_cast<std::uint64_t>(megabytes_per_second * 1e6 * time.count()), time);
    one.save();
  }
  std::string text() {
    const auto bytes = read_file(home_ / "sources.json", 10 * k_mib);
    return bytes ? std::string(text_of(*bytes)) : "";
  }
  void put(const std::string& text) {
    fs::create_directories(home_);
    ASSERT_TRUE(write_file_atomic(home_ / "sources.json", view_of(text)));
  }
  std::string seconds(Wall::duration from_now) { return std::to_string(Wall::to_time_t(now_ + from_now)); }

  TemporaryFolder folder_;
  fs::path home_ = folder_.path() / "home";
  Wall::time_point now_ = Wall::from_time_t(1'800'000'000);
};

TEST_F(SourceMemoryTest, ASourceIsItsSchemeHostAndPort) {
  const std::pair<const char*, const char*> cases[] = {
      {"https://One.Example", "https://one.example"},
      {"HTTPS://one.example:443/ipfs/x?a=b", "https://one.example"},
      {"https://one.example:8443", "https://one.example:8443"},
      {"http://one.example", "http://one.example"},
      {"http://one.example:80/", "http://one.example"},
      {"http://one.example:443", "http://one.example:443"},
      {"http://[::1]:8080/ipfs", "http://[::1]:8080"},
      {"https://user:password@one.example/file?X-Amz-Signature=secret", "https://one.example"},
      {"https://one.example:/x", "https://one.example"},
      {"file:///one.example", ""},
      {"ftp://one.example", ""},
      {"https://", ""},
      {"one.example", ""},
      {"", ""},
      {"https://one.example/a b", ""},
  };
  for (const auto& [url, key] : cases) EXPECT_EQ(SourceMemory::key_of(url), key) << url;
  EXPECT_EQ(SourceMemory::key_of("https://" + std::string(400, 'a')), "");
}

TEST_F(SourceMemoryTest, ALieIsRememberedForADay) {
  EXPECT_FALSE(distrusts(k_one));
  memory().lied(k_one);
  EXPECT_EQ(memory().recall(k_one).distrusted_until, now_ + 24h);
  EXPECT_FALSE(distrusts(k_two));
  now_ += 24h - 1s;
  EXPECT_TRUE(distrusts(k_one));
  now_ += 1s;
  EXPECT_FALSE(distrusts(k_one));
}

TEST_F(SourceMemoryTest, AnotherLieBeginsAnotherDay) {
  memory().lied(k_one);
  now_ += 20h;
  memory().lied(k_one);
  now_ += 20h;
  EXPECT_TRUE(distrusts(k_one));
}

TEST_F(SourceMemoryTest, NothingLastsLongerWithAWrongClock) {
  memory().lied(k_one);
  measure(k_one, 9, 10s);
  now_ -= 24h * 365;
  EXPECT_FALSE(distrusts(k_one)) << "from the future";
  EXPECT_EQ(rate(k_one), 0);
  measure(k_two, 1, 10s);
  EXPECT_EQ(text().find("one.example"), text().npos) << "or it would come true a year later";
  now_ += 24h * 365;
  EXPECT_FALSE(distrusts(k_one));
  for (const Wall::time_point strange : {Wall::time_point{}, Wall::from_time_t(-5), Wall::from_time_t(1)}) {
    now_ = strange;
    memory().lied(k_one);
    now_ += 25h;
    EXPECT_FALSE(distrusts(k_one));
  }
}

TEST_F(SourceMemoryTest, RatesAreSmoothedByHowLongTheyWereSeen) {
  measure(k_one, 8, 2s);
  EXPECT_NEAR(rate(k_one), 8e6, 10) << "nothing else is known";
  measure(k_one, 2, 1s);
  EXPECT_GT(rate(k_one), 7e6);
  EXPECT_LT(rate(k_one), 8e6);
  measure(k_one, 2, 100s);
  EXPECT_NEAR(rate(k_one), 2e6, 1e4);
  now_ += 24h;
  EXPECT_EQ(rate(k_one), 0);
  measure(k_one, 1, 1s);
  EXPECT_NEAR(rate(k_one), 1e6, 10) << "what is a day old does not count";
}

TEST_F(SourceMemoryTest, TwoProcessesAddToEachOther) {
  SourceMemory one = memory(), two = memory();
  one.lied(k_one);
  two.lied(k_two);
  EXPECT_TRUE(distrusts(k_one) && distrusts(k_two));
  one.measured(k_one, 10'000'000, 1s);
  two.measured(k_one, 90'000'000, 9s);
  one.save();
  two.save();
  EXPECT_NEAR(rate(k_one), 1e7, 10);
  EXPECT_TRUE(distrusts(k_one) && distrusts(k_two));
}

TEST_F(SourceMemoryTest, NothingIsLostBetweenThreads) {
  const auto work = [this](const std::string& name) {
    SourceMemory own = memory();
    for (int i = 0; i < 10; ++i) own.lied("https://" + name + std::to_string(i));
    return own;
  };
  {
    std::optional<SourceMemory> one, two;
    std::jthread first([&] { one = work("one"); });
    two = work("two");
    first.join();
    one->save();  // if the lock was too busy
    two->save();
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(distrusts("https://one" + std::to_string(i))) << i;
    EXPECT_TRUE(distrusts("https://two" + std::to_string(i))) << i;
  }
}

TEST_F(SourceMemoryTest, WhatIsDamagedCountsAsEmptyAndIsWrittenAnew) {
  const std::string good = "\"https://good\":{\"lied_at\":" + seconds(-1h) + "}";
  const std::string at = seconds(-1h);
  const std::vector<std::pair<std::string, bool>> cases = {
      {"", false},
      {"{", false},
      {"[]", false},
      {"null", false},
      {"{" + good, false},
      {std::string("\0\xff\xfe", 3), false},
      {std::string(100'000, '['), false},
      {std::string(k_mib, ' ') + "{" + good + "}", false},
      {"{\"https://one.example\":1," + good + "}", true},
      {"{\"https://one.example\":null," + good + "}", true},
      {"{\"https://one.example\":{\"lied_at\":\"" + at + "\"}," + good + "}", true},
      {"{\"https://one.example\":{\"lied_at\":1e300}," + good + "}", true},
      {"{\"https://one.example\":{\"lied_at\":-1}," + good + "}", true},
      {"{\"https://one.example\":{\"lied_at\":-9223372036854775808}," + good + "}", true},
      {"{\"https://one.example\":{\"lied_at\":9223372036854775807}," + good + "}", true},
      {"{\"https://one.example\":{\"lied_at\":18446744073709551615}," + good + "}", true},
      {"{\"https://one.example\":{\"bytes_per_second\":-5,\"measured_at\":" + at + "}," + good + "}", true},
      {"{\"https://one.example\":{\"bytes_per_second\":1e300,\"measured_at\":" + at + "}," + good + "}", true},
      {"{\"https://one.example\":{\"bytes_per_second\":\"9\",\"measured_at\":" + at + "}," + good + "}", true},
      {"{\"https://one.example\":{\"bytes_per_second\":9}," + good + "}", true},
      {"{\"https://one.example/path\":{\"lied_at\":" + at + "}," + good + "}", true},
      {"{\"https://me:secret@one.example\":{\"lied_at\":" + at + "}," + good + "}", true},
      {"{\"\":{\"lied_at\":" + at + "}," + good + "}", true},
  };
  for (const auto& [damaged, keeps_good] : cases) {
    put(damaged);
    EXPECT_FALSE(distrusts(k_one)) << damaged.substr(0, 100);
    EXPECT_EQ(rate(k_one), 0) << damaged.substr(0, 100);
    memory().lied(k_two);
    EXPECT_TRUE(distrusts(k_two)) << damaged.substr(0, 100);
    EXPECT_EQ(distrusts("https://good"), keeps_good) << damaged.substr(0, 100);
    EXPECT_EQ(text().find("one.example"), text().npos) << text();
  }
}

TEST_F(SourceMemoryTest, TheOldestAreForgottenWhenThereAreTooMany) {
  std::string all;
  for (int i = 0; i < 300; ++i) {
    all += (i == 0 ? "{" : ",") + ("\"https://s" + std::to_string(i)) +
           "\":{\"bytes_per_second\":5,\"measured_at\":" + seconds(std::chrono::seconds(i - 400)) + "}";
  }
  put(all + "}");
  EXPECT_GT(rate("https://s0"), 0);
  memory().lied(k_one);
  EXPECT_TRUE(distrusts(k_one));
  EXPECT_EQ(rate("https://s44"), 0);
  EXPECT_GT(rate("https://s45"), 0);
  EXPECT_GT(rate("https://s299"), 0);
  EXPECT_LT(text().size(), 64 * k_kib);
}

TEST_F(SourceMemoryTest, NothingNewWritesNothing) {
  SourceMemory one = memory();
  one.lied("");
  one.measured("", 10, 1s);
  one.measured(k_one, 10, 0s);
  one.save();
  EXPECT_FALSE(fs::exists(home_));
}

TEST_F(SourceMemoryTest, ItIsTheUsersAlone) {
  memory().lied(k_one);
  struct stat info {};
  ASSERT_EQ(::stat((home_ / "sources.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(SourceMemoryTest, WhereItCannotBeWrittenNothingIsRemembered) {
  fs::create_directories(home_ / "sources.json/in the way");
  memory().lied(k_one);
  EXPECT_FALSE(distrusts(k_one));
  EXPECT_TRUE(fs::exists(home_ / "sources.json/in the way"));
  for (const auto& entry : fs::directory_iterator(home_)) {
    const std::string name = entry.path().filename().string();
    EXPECT_TRUE(name == "sources.json" || name == "locks") << name << " was left there";
  }
  fs::remove_all(home_ / "sources.json");
  fs::remove_all(home_ / "locks");
  ASSERT_TRUE(write_file_atomic(home_ / "locks", view_of("not a folder")));
  memory().lied(k_one);
  EXPECT_FALSE(distrusts(k_one));
}

TEST_F(SourceMemoryTest, ALinkIsNotFollowed) {
  const fs::path precious = folder_.path() / "precious";
  ASSERT_TRUE(write_file_atomic(precious, view_of("{\"https://one.example\":{\"lied_at\":" + seconds(-1h) + "}}")));
  fs::create_directories(home_);
  fs::create_symlink(precious, home_ / "sources.json");
  EXPECT_FALSE(distrusts(k_one));
  const Bytes before = *read_file(precious, k_mib);
  memory().lied(k_two);
  EXPECT_TRUE(distrusts(k_two));
  EXPECT_EQ(*read_file(precious, k_mib), before);
}

// A ban that could not be written at once is written with the next word.
TEST_F(SourceMemoryTest, WhatALockKeptBackIsWrittenLater) {
  SourceMemory one = memory();
  fs::create_directories(home_ / "locks");
  {
    const auto held = FileLock::take(home_ / "locks/sources.lock", FileLock::Wait::no);
    ASSERT_TRUE(held);
    one.lied(k_one);
    EXPECT_FALSE(distrusts(k_one));
  }
  one.save();
  EXPECT_TRUE(distrusts(k_one));
}

}  // namespace
}  // namespace eai::peers
