# SPDX-License-Identifier: Apache-2.0
"""Data files with checksums, from the folder ATTRIBENCH_DATA_MIRROR if it is set, else downloaded."""

def mirror_mistake(mirror):
    """Says in one sentence what is wrong with the value of ATTRIBENCH_DATA_MIRROR; None if it is good."""
    if mirror and not mirror.startswith("/"):
        return "ATTRIBENCH_DATA_MIRROR is '%s', must be an absolute path: Bazel does not know in which folder it was set (try \"$PWD/%s\")" % (mirror, mirror)
    return None

def _data_repository_impl(repository_ctx):
    name = repository_ctx.name
    mirror = repository_ctx.os.environ.get("ATTRIBENCH_DATA_MIRROR", "")
    mistake = mirror_mistake(mirror)
    if mistake:
        fail(mistake)
    archive = repository_ctx.attr.archive
    unpacked = False
    for file, sha256 in repository_ctx.attr.files.items():
        urls = [url + file for url in repository_ctx.attr.urls]
        local = None
        if mirror:
            local = repository_ctx.path("%s/%s/%s" % (mirror, name, file))
            if local.exists:
                urls = ["file://" + str(local)]
            else:
                local = None
        if archive and not local:
            if not unpacked:
                unpacked = repository_ctx.download_and_extract(
                    url = [archive],
                    output = "unpacked",
                    allow_fail = True,
                ).success
            urls = ["file://" + str(repository_ctx.path("unpacked/%s/%s" % (name, file)))]
        result = repository_ctx.download(
            url = urls,
            output = file,
            sha256 = sha256,
            allow_fail = True,
        )
        if not result.success and local:
            fail("Data file %s is damaged or not the official one: its sha256 must be %s; download it again from %s." % (
                local,
                sha256,
                archive or repository_ctx.attr.urls[0] + file,
            ))
        if not result.success:
            fail("Missing data file %s/%s: put it into a folder %s/ and set ATTRIBENCH_DATA_MIRROR to the folder that contains %s/, or connect to a network that reaches %s (sha256 must be %s)." % (
                name,
                file,
                name,
                name,
                archive or " or ".join(repository_ctx.attr.urls),
                sha256,
            ))
    repository_ctx.delete("unpacked")
    repository_ctx.file("BUILD", """
filegroup(
    name = "files",
    srcs = {files},
    visibility = ["//visibility:public"],
)

exports_files({files})
""".format(files = repr(sorted(repository_ctx.attr.files.keys()))))

data_repository = repository_rule(
    implementation = _data_repository_impl,
    attrs = {
        "files": attr.string_dict(mandatory = True, doc = "File name to sha256."),
        "archive": attr.string(doc = "URL of an archive with the files, in a folder with the name of the repository."),
        "urls": attr.string_list(doc = "Without an archive: URLs of folders with the files, tried in this order."),
    },
    environ = ["ATTRIBENCH_DATA_MIRROR"],
    doc = "Data files. Only targets that depend on them fetch them; no other target needs a network.",
)
