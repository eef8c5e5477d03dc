//! Files.

use expect_test::expect;

use super::check_options;

#[test]
fn file_keywords() {
    check_options(
        "http",
        &[
            "filename:\"R.pdf\";",
            "fileext:!\"PDF\";",
            "filemagic:\"PDF document\";",
            "file.name; content:\"a\"; file.data; content:\"b\";",
            "filesize:100<>200;",
            "filesize:>1KB;",
            "filestore;",
            "filestore:both,flow;",
            "filestore:sideways;",
            "filemd5:good.md5;",
            "filemd5:!good.md5;",
            "filemd5:bad.md5;",
            "filesha1:good.md5;",
            "filesha256:missing.lst;",
        ],
        expect![[r###"
            ## filename:"R.pdf";
              in FileName Fails
                Content(Content { bytes: [114, 46, 112, 100, 102], nocase: true, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## fileext:!"PDF";
              in FileName Fails
                Content(Content { bytes: [46, 112, 100, 102], nocase: true, negated: true, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: true, fast: None, replace: None })
            ## filemagic:"PDF document";
              in FileMagic Fails
                Content(Content { bytes: [112, 100, 102, 32, 100, 111, 99, 117, 109, 101, 110, 116], nocase: true, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## file.name; content:"a"; file.data; content:"b";
              in FileName Fails
                Content(Content { bytes: [97], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
              in file.data Fails
                Content(Content { bytes: [98], nocase: false, negated: false, offset: None, depth: None, distance: None, within: None, startswith: false, endswith: false, fast: None, replace: None })
            ## filesize:100<>200;
              transaction FileSize { test: Between(100, 200), direction: None }
            ## filesize:>1KB;
              transaction FileSize { test: Greater(1024), direction: None }
            ## filestore;
              then Filestore { direction: None, scope: File }
            ## filestore:both,flow;
              then Filestore { direction: Some(None), scope: Flow }
            ## filestore:sideways;
            error[R013]: `sideways` is not a direction (sid 1)
            1 | alert http any any -> any any (filestore:sideways; sid:1;)
              |                                ^^^^^^^^^^^^^^^^^^
              = help: write to_server or to_client
            ## filemd5:good.md5;
              2 Md5 digests, negated false
            ## filemd5:!good.md5;
              2 Md5 digests, negated true
            ## filemd5:bad.md5;
            error[R020]: line 2 of `bad.md5` is not a digest of 16 bytes (sid 1)
            1 | alert http any any -> any any (filemd5:bad.md5; sid:1;)
              |                                ^^^^^^^^^^^^^^^
            ## filesha1:good.md5;
            error[R020]: line 2 of `good.md5` is not a digest of 20 bytes (sid 1)
            1 | alert http any any -> any any (filesha1:good.md5; sid:1;)
              |                                ^^^^^^^^^^^^^^^^^
            ## filesha256:missing.lst;
            error[R020]: `rules/missing.lst` cannot be read: entity not found (sid 1)
            1 | alert http any any -> any any (filesha256:missing.lst; sid:1;)
              |                                ^^^^^^^^^^^^^^^^^^^^^^
              = help: files are looked for beside the rule file
        "###]],
    );
}
