// Why: jobs outlive the server that works on them. Their list lies in one file, which the next server reads.
// Thread: any; blocks on the disk.
// What holds: the file is replaced as a whole, and only its owner may read it. One that cannot be understood or trusted
// counts as empty, and is renamed, so that the next list does not replace it.
#pragma once

#include <vector>

#include "admin/job_record.h"
#include "util/file.h"

namespace eai::admin {

struct JobsFile {
  std::uint64_t next_id = 1;
  std::vector<JobRecord> jobs;
};

JobsFile read_jobs_file(const fs::path& file);
Result<void> write_jobs_file(const fs::path& file, const JobsFile& jobs);

}  // namespace eai::admin
