// Why: the names that a user or the configuration gives become sources that can be asked.
// Thread: any; plain values.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "http/client.h"
#include "ipld/cid.h"
#include "peers/network_watch.h"
#include "util/file.h"

namespace eai::peers {

struct Sources {
  // Files named by CID: shipped with the program, on a USB stick. Asked before any gateway.
  std::vector<fs::path> block_folders = {};
  // Base URLs, your own and those of the LAN first: "https://host", "http://192.168.1.7:8080", "https://host/path";
  // "file:///path" is a block folder. Plain http goes to private addresses only (http/client.h).
  std::vector<std::string> gateways = {};
  // Whatever else has files of models: "https://host/path/model.gguf", a file, a CAR, or a folder, which may be of blocks
  // and may have files and CARs in it. Only what is proven leaf by leaf is taken from them. "hf": the Hugging Face repository
  // that the model's metadata name.
  std::vector<std::string> others = {};
};
inline constexpr std::string_view k_hugging_face = "hf";

// How sources are asked.
struct Options {
  int parallel_requests = 16;
  int max_retries = 5;                         // per piece and source
  bool offline = false;                        // block folders and file:// only: no socket is opened
  bool plain_http_anywhere = false;            // the configuration says so
  std::chrono::milliseconds retry_delay{500};  // before the first repeat (patience.h)
  std::chrono::milliseconds stall_timeout{30'000};
  std::shared_ptr<NetworkWatch> network = std::make_shared<NetworkWatch>();  // shared by all that one job asks
};

struct CarFile;  // block_folder.h

struct Source {
  enum class Kind { folder, gateway, file, url };  // a CAR is a folder of blocks
  Kind kind = Kind::gateway;
  std::string name;  // for people: the host, the folder or the file
  std::string base;  // gateway: URL without a slash at the end; url: the whole
  fs::path folder;   // or the file
  std::shared_ptr<const CarFile> car = nullptr;
  std::string token = {};  // url: sent as "Authorization: Bearer" to the URL's own host, and to no other

  bool is_here() const { return kind == Kind::folder || kind == Kind::file; }
};

// Folders and files first, then gateways and URLs in their order, each once; offline only what is here. Code::invalid for
// a URL that is not http, https or file, or that holds a user name or password (they would end up in errors and logs);
// Code::not_found for a path that is neither a file nor a folder.
Result<std::vector<Source>> make_sources(const Sources& sources, const Options& options);
// A file of a Hugging Face repository. HF_ENDPOINT names another hub, HF_TOKEN is its token.
Source hub_source(const std::string& repository, const std::string& file);

// How a gateway can be asked for the bytes of a CID. The bytes are checked anyway, so either form will do.
enum class Form {
  raw_block,  // ?format=raw: the block itself (trustless gateways)
  file,       // the content, put together by the gateway
};
// A URL is asked for what it names, whatever the CID.
http::Request request_for(const Source& source, const ipld::Cid& cid, Form form, const Options& options);

}  // namespace eai::peers
