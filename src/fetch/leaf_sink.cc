#include "fetch/leaf_sink.h"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <unistd.h>

namespace eai::fetch {
namespace {

constexpr std::size_t k_helpers = 2;
constexpr std::uint64_t k_write_step = 512 * k_kib;  // larger ones cost more: fresh pages come in large folios

}  // namespace

struct LeafSink::Job {
  std::size_t stretch = 0, leaf = 0;
  int source = 0;
  std::shared_ptr<UniqueFd> file = nullptr;
  bool from_block = false;
  ipld::Sha256 given{};
};

LeafSink::LeafSink(const std::vector<Stretch>& stretches, LeafMail& mail)
    : stretches_(stretches), mail_(mail), buffers_(k_leaf_room), files_(stretches.size()) {}

Result<std::unique_ptr<LeafSink>> LeafSink::start(const std::vector<Stretch>& stretches, LeafMail& mail) {
  std::unique_ptr<LeafSink> sink(new LeafSink(stretches, mail));
  EAI_TRY(sink->crew_, ThreadCrew::start(k_helpers));
  return sink;
}

LeafSink::~LeafSink() = default;

Result<void> LeafSink::open(std::size_t stretch) {
  EAI_TRY(UniqueFd file, open_file(stretches_[stretch].file, O_RDWR | O_CREAT | O_NOFOLLOW));
  files_[stretch] = std::make_shared<UniqueFd>(std::move(file));
  return {};
}

void LeafSink::close(std::size_t stretch) { files_[stretch].reset(); }

void LeafSink::post(std::function<void()> work) {
  {
    std::lock_guard hold(mutex_);
    ++pending_;
  }
  boost::asio::post(crew_->executor(), [this, work = std::move(work)]() mutable {
    work();
    work = nullptr;  // what it held is free before it counts as done
    std::lock_guard hold(mutex_);
    if (--pending_ == 0) idle_.notify_all();
  });
}

void LeafSink::finish() {
  std::unique_lock hold(mutex_);
  idle_.wait(hold, [this] { return pending_ == 0; });
}

void LeafSink::give(std::size_t stretch, std::size_t leaf, int source, LeafForm form, Buffer content) {
  Job job{stretch, leaf, source, files_[stretch], form == LeafForm::block};
  begin_work(content->bytes.size());
  post([this, job, form, held = std::shared_ptr(std::move(content))] {
    if (form == LeafForm::block)
      unwrap(job, held->bytes);
    else
      prove(job, held->bytes, true);
    end_work(held->bytes.size());
  });
}

void LeafSink::begin_work(std::uint64_t size) {
  std::unique_lock hold(mutex_);
  has_room_.wait(hold, [&] { return at_work_ == 0 || at_work_ + size <= k_work_room; });
  at_work_ += size;
}

void LeafSink::end_work(std::uint64_t size) {
  {
    std::lock_guard hold(mutex_);
    at_work_ -= size;
  }
  has_room_.notify_one();
}

void LeafSink::copy(std::size_t stretch, std::size_t leaf, int source, Copy from, Effect effect) {
  Job job{stretch, leaf, source, files_[stretch]};
  post([this, job, from = std::move(from), effect] {
    Bytes content(stretches_[job.stretch].leaves->range(job.leaf).size());
    std::span<std::uint8_t> into(content);
    for (const CopyPart& part : from) {
      // It may have been cut.
      if (part.file && !read_at(part.file->get(), part.offset, into.first(part.size)))
        return tell(job, LeafNews::What::wrong);
      into = into.subspan(part.size);
    }
    prove(job, content, effect == Effect::written);
  });
}

void LeafSink::check(std::size_t stretch, std::size_t leaf, int source) {
  Job job{stretch, leaf, source, files_[stretch]};
  post([this, job] {
    const ByteRange place = stretches_[job.stretch].place(job.leaf);
    Bytes content(place.size());
    if (!read_at(job.file->get(), place.begin, content)) return tell(job, LeafNews::What::wrong);
    prove(job, content, false);
  });
}

void LeafSink::sync(std::vector<std::size_t> stretches) {
  std::vector<std::shared_ptr<UniqueFd>> files;
  for (const std::size_t one : stretches) files.push_back(files_[one]);
  post([this, files = std::move(files)] {
    for (const auto& file : files) {
      if (::fdatasync(file->get()) != 0)
        return fail_with({}, LeafNews::What::failed, fail_errno("the model's files cannot be synced", errno).value());
    }
    tell({}, LeafNews::What::synced);
  });
}

void LeafSink::prove(const Job& job, ByteView content, bool write_too) {
  auto proven = stretches_[job.stretch].leaves->proves(job.leaf, content);
  if (!proven && proven.error().code == Code::corrupt) {
    LeafNews news{LeafNews::What::wrong, job.stretch, job.leaf, job.source};
    news.given = ipld::sha256(content);
    return mail_.put(std::move(news));
  }
  if (!proven) return fail_with(job, LeafNews::What::failed, std::move(proven).error());
  if (write_too) return write(job, content);
  tell(job, LeafNews::What::proven);
}

void LeafSink::unwrap(Job job, ByteView block) {
  auto content = stretches_[job.stretch].leaves->unwrap(job.leaf, block);
  if (content) {
    job.given = ipld::sha256(*content);
    return write(job, *content);
  }
  if (content.error().code == Code::corrupt) return tell(job, LeafNews::What::wrong);
  fail_with(job, LeafNews::What::no_leaf, std::move(content).error());
}

void LeafSink::write(const Job& job, ByteView content) {
  const std::uint64_t begin = stretches_[job.stretch].place(job.leaf).begin;
  for (std::uint64_t at = 0; at < content.size(); at += k_write_step) {
    if (failed_) return;
    const ByteView step = content.subspan(at, std::min<std::uint64_t>(k_write_step, content.size() - at));
    auto written = write_at(job.file->get(), begin + at, step);
    if (!written) {
      return fail_with(job, LeafNews::What::failed,
                       std::move(written).error().with(stretches_[job.stretch].file.string()));
    }
  }
  tell(job, LeafNews::What::proven);
}

void LeafSink::tell(const Job& job, LeafNews::What what) {
  mail_.put({what, job.stretch, job.leaf, job.source, job.given, job.from_block});
}

// Nothing is written after our own disk has failed.
void LeafSink::fail_with(const Job& job, LeafNews::What what, Error error) {
  if (what == LeafNews::What::failed) failed_ = true;
  LeafNews news{what, job.stretch, job.leaf, job.source};
  news.error = std::move(error);
  mail_.put(std::move(news));
}

}  // namespace eai::fetch
