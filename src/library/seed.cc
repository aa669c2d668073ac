#include "library/seed.h"

#include <algorithm>
#include <ctime>

#include "ipld/ipns.h"
#include "library/byte_progress.h"
#include "library/resolve.h"
#include "util/text.h"

namespace eai::library {
namespace {

constexpr std::string_view k_record_ending = ".ipns-record";

// Why a model is not shared unless its owner names it; empty if there is no reason.
std::string why_private(const store::Model& model) {
  if (model.metadata.lora) return "it is a LoRA";
  if (model.origin == store::Origin::preserved) return "it was preserved on this machine";
  return model.origin == store::Origin::adopted ? "it was adopted" : "";
}

class Opening {
 public:
  Opening(const Library& library, const SeedRequest& request, Feed& feed, const std::stop_token& stop)
      : library_(library), request_(request), feed_(feed), stop_(stop) {}

  Result<Seed> run() {
    for (const std::string& name : request_.names) EAI_CHECK(settle(add(resolve_all(library_, {name}, {}))));
    for (const std::string& hash : request_.hashes) EAI_CHECK(settle(add(resolve_all(library_, {}, {hash}))));
    if (request_.all) EAI_CHECK(add_all());
    for (const std::string& file : request_.cars) EAI_CHECK(settle(add_car(file)));
    for (const std::string& file : request_.records) EAI_CHECK(settle(add_record(file)));
    return std::move(out_);
  }

 private:
  Result<void> settle(Result<void> done) {
    if (done || done.error().code == Code::cancelled || request_.missing == SeedRequest::Missing::is_an_error)
      return done;
    feed_.note(done.error().message + ", so it is not shared", done.error().hint);
    return {};
  }

  Result<void> add(const Result<std::vector<Asked>>& asked) {
    if (!asked) return Failure(asked.error());
    for (const Asked& one : *asked) {
      const store::Model* model = library_.stored(one.id);
      if (model == nullptr) return not_here(one);
      EAI_CHECK(add(*model, one.label));
    }
    return {};
  }

  Result<void> add(const store::Model& model, const std::string& label) {
    if (stop_.stop_requested()) return fail(Code::cancelled, "interrupted");
    const std::string hash = model.id.str();
    if (std::ranges::find(out_.items, hash, &Seed::Item::hash) != out_.items.end()) return {};
    auto shelf = open(model, label);
    if (!shelf) return refused(std::move(shelf).error(), model, label);
    out_.items.push_back({label, hash, *std::move(shelf)});
    return {};
  }

  Result<std::unique_ptr<store::Shelf>> open(const store::Model& model, const std::string& label) {
    if (model.metadata.format == model::Format::unixfs) return store::open_files_shelf(model);
    ByteProgress told(feed_, label, model.id.str());
    bool begun = false;
    const auto progress = [&](std::uint64_t done, std::uint64_t total) {
      if (!std::exchange(begun, true)) told.begin(Phase::reading, 0, total);
      told.reach(done, total);
    };
    return store::open_archive_shelf(model, progress, stop_);
  }

  static Failure refused(Error error, const store::Model& model, const std::string& label) {
    if (error.code == Code::cancelled) return Failure(std::move(error));
    if (error.code == Code::unsupported && model.metadata.format == model::Format::archive)
      error.message += "; preserved in the format unixfs, the model can be shared";
    if (error.code == Code::corrupt) error.hint = Hint::repair_model;
    error.about = label;
    return Failure(std::move(error).with(label));
  }

  Result<void> add_all() {
    std::size_t kept = 0;
    for (const store::Model& model : library_.contents.models) {
      const std::string label = library_.label_of(model.id);
      if (const std::string why = why_private(model); !why.empty()) {
        feed_.note(label + " is shared only if it is named, because " + why);
        ++kept;
        continue;
      }
      auto added = add(model, label);
      if (!added && added.error().code == Code::cancelled) return added;
      if (!added) feed_.note(added.error().message + ", so it is not shared", added.error().hint);
    }
    if (!out_.items.empty() || request_.missing == SeedRequest::Missing::is_noted) return {};
    return fail(Code::not_found, kept > 0 ? "there are only models here that have to be named"
                                          : "there is no model here that can be shared");
  }

  Result<void> add_car(const std::string& file) {
    EAI_TRY(auto shelf, store::open_car_shelf(file));
    out_.items.push_back({file, "", std::move(shelf)});
    return {};
  }

  // The name that it is for does not stand in a record, so the file has it.
  Result<void> add_record(const std::string& file) {
    const std::string stem = fs::path(file).filename().string();
    if (!stem.ends_with(k_record_ending))
      return fail(Code::invalid, printable(file) + ": the file of an IPNS record is called <name>.ipns-record");
    auto name = ipld::IpnsName::parse(stem.substr(0, std::min(stem.find('_'), stem.size() - k_record_ending.size())));
    if (!name) return Failure(std::move(name).error().with(printable(file)));
    EAI_TRY(Bytes bytes, read_file(file, ipld::k_ipns_record_limit));
    auto record = ipld::open_ipns_record(*name, bytes);
    if (!record) return Failure(std::move(record).error().with(printable(file)));
    out_.records.insert_or_assign(name->str(), std::move(bytes));
    return {};
  }

  const Library& library_;
  const SeedRequest& request_;
  Feed& feed_;
  const std::stop_token& stop_;
  Seed out_;
};

}  // namespace

Result<Seed> open_seed(const Library& library, const SeedRequest& request, Feed& feed, const std::stop_token& stop) {
  return Opening(library, request, feed, stop).run();
}

}  // namespace eai::library
