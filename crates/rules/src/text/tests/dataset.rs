//! Data sets.

use expect_test::expect;

use super::{check, check_options};

#[test]
fn sets_come_from_files_or_grow() {
    check_options(
        "dns",
        &[
            "dns.query; dataset:isset,names,type string,load names.lst;",
            "dns.query; dataset:set,seen,type string,state seen.lst,memcap 10mb,hashsize 1024;",
            "dns.query; datarep:names,>,5,load names.rep,type string;",
            "dns.query; dataset:isset,who,type string,load names.json,format json,array_key list,value_key name,context_key who,remove_key;",
            "dns.query; dataset:isset,who,type string,load lines.json,format ndjson,value_key name,match subdomain;",
            "dns.query; to_md5; dataset:isnotset,seen,type md5,state seen.md5; dataset:set,seen;",
        ],
        expect![[r###"
            ## dns.query; dataset:isset,names,type string,load names.lst;
              in dns.query Fails
                Dataset { set: DatasetSpec { name: "names", kind: Some(String), load: Some("rules/names.lst"), save: None, state: None, memcap_bytes: None, format: Csv, value_key: None, array_key: None, context_key: None, remove_key: false, subdomain: false, entries: [DatasetEntry { value: [101, 120, 97, 109, 112, 108, 101, 46, 99, 111, 109], reputation: 0, context: None }, DatasetEntry { value: [97], reputation: 0, context: None }] }, command: IsSet }
            ## dns.query; dataset:set,seen,type string,state seen.lst,memcap 10mb,hashsize 1024;
              in dns.query Fails
                Dataset { set: DatasetSpec { name: "seen", kind: Some(String), load: None, save: None, state: Some("data/seen.lst"), memcap_bytes: Some(10485760), format: Csv, value_key: None, array_key: None, context_key: None, remove_key: false, subdomain: false, entries: [] }, command: Set }
            ## dns.query; datarep:names,>,5,load names.rep,type string;
              in dns.query Fails
                Datarep { set: DatasetSpec { name: "names", kind: Some(String), load: Some("rules/names.rep"), save: None, state: None, memcap_bytes: None, format: Csv, value_key: None, array_key: None, context_key: None, remove_key: false, subdomain: false, entries: [DatasetEntry { value: [101, 120, 97, 109, 112, 108, 101, 46, 99, 111, 109], reputation: 10, context: None }] }, test: Greater(5) }
            ## dns.query; dataset:isset,who,type string,load names.json,format json,array_key list,value_key name,context_key who,remove_key;
              in dns.query Fails
                Dataset { set: DatasetSpec { name: "who", kind: Some(String), load: Some("rules/names.json"), save: None, state: None, memcap_bytes: None, format: Json, value_key: Some("name"), array_key: Some("list"), context_key: Some("who"), remove_key: true, subdomain: false, entries: [DatasetEntry { value: [97, 46, 101, 120, 97, 109, 112, 108, 101], reputation: 0, context: Some("{\"who\":{\"is\":\"it\"}}") }] }, command: IsSet }
            ## dns.query; dataset:isset,who,type string,load lines.json,format ndjson,value_key name,match subdomain;
              in dns.query Fails
                Dataset { set: DatasetSpec { name: "who", kind: Some(String), load: Some("rules/lines.json"), save: None, state: None, memcap_bytes: None, format: Ndjson, value_key: Some("name"), array_key: None, context_key: None, remove_key: false, subdomain: true, entries: [DatasetEntry { value: [97, 46, 101, 120, 97, 109, 112, 108, 101], reputation: 0, context: Some("{\"name\":\"a.example\"}") }, DatasetEntry { value: [98, 46, 101, 120, 97, 109, 112, 108, 101], reputation: 0, context: Some("{\"name\":\"b.example\"}") }] }, command: IsSet }
            ## dns.query; to_md5; dataset:isnotset,seen,type md5,state seen.md5; dataset:set,seen;
              in dns.query [Md5] Fails
                Dataset { set: DatasetSpec { name: "seen", kind: Some(Md5), load: None, save: None, state: Some("data/seen.md5"), memcap_bytes: None, format: Csv, value_key: None, array_key: None, context_key: None, remove_key: false, subdomain: false, entries: [] }, command: IsNotSet }
                Dataset { set: DatasetSpec { name: "seen", kind: Some(Md5), load: None, save: None, state: Some("data/seen.md5"), memcap_bytes: None, format: Csv, value_key: None, array_key: None, context_key: None, remove_key: false, subdomain: false, entries: [] }, command: Set }
        "###]],
    );
}

#[test]
fn sets_that_cannot_work_are_refused() {
    check_options(
        "dns",
        &[
            "dataset:isset,names,type string;",
            "dns.query; dataset:has,names,type string;",
            "dns.query; dataset:isset,names;",
            "dns.query; dataset:isset,names,type text;",
            "dns.query; dataset:isset,names,type string,load missing.lst;",
            "dns.query; dataset:isset,names,type md5,load names.lst;",
            "dns.query; dataset:set,names,type string,save /etc/passwd;",
            "dns.query; dataset:set,names,type string,state ../x;",
            "dns.query; dataset:set,names,type string,state a,load b;",
            "dns.query; dataset:isset,names,type string,lode names.lst;",
            "dns.query; dataset:isset,names,type string,load number.json,format json,value_key name;",
            "dns.query; dataset:isset,names,type string,load names.json,format json;",
            "dns.query; dataset:isset,names,type string,load names.lst,context_key x;",
            "dns.query; datarep:names,>,5,load broken.rep,type string;",
            "dns.query; datarep:names,>,5,type string;",
        ],
        expect![[r#"
            ## dataset:isset,names,type string;
            error[R014]: `dataset` needs a sticky buffer before it (sid 1)
            1 | alert dns any any -> any any (dataset:isset,names,type string; sid:1;)
              |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: for example `dns.query; dataset:isset,names,type string,load names.lst;`
            ## dns.query; dataset:has,names,type string;
            error[R013]: `has` is not a command of `dataset` (sid 1)
            1 | alert dns any any -> any any (dns.query; dataset:has,names,type string; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: write one of isset, isnotset, set, unset
            ## dns.query; dataset:isset,names;
            error[R013]: the set `names` has no type (sid 1)
            1 | alert dns any any -> any any (dns.query; dataset:isset,names; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^
              = help: add `type string` (or md5, sha256, ipv4, ip)
            ## dns.query; dataset:isset,names,type text;
            error[R013]: `text` is not a type of values (sid 1)
            1 | alert dns any any -> any any (dns.query; dataset:isset,names,type text; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: types: string, md5, sha256, ipv4, ip
            ## dns.query; dataset:isset,names,type string,load missing.lst;
            error[R020]: `rules/missing.lst` cannot be read: entity not found (sid 1)
            1 | alert dns any any -> any any (dns.query; dataset:isset,names,type string,load missing.lst; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: files are looked for beside the rule file
            ## dns.query; dataset:isset,names,type md5,load names.lst;
            error[R020]: rules/names.lst: line 1: `ZXhhbXBsZS5jb20=` is not an MD5 (sid 1)
            1 | alert dns any any -> any any (dns.query; dataset:isset,names,type md5,load names.lst; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## dns.query; dataset:set,names,type string,save /etc/passwd;
            error[R020]: rules may not write to `/etc/passwd` (sid 1)
            1 | alert dns any any -> any any (dns.query; dataset:set,names,type string,save /etc/passwd; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: name a file without `/` before it and without `..`
            ## dns.query; dataset:set,names,type string,state ../x;
            error[R020]: rules may not write to `../x` (sid 1)
            1 | alert dns any any -> any any (dns.query; dataset:set,names,type string,state ../x; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: name a file without `/` before it and without `..`
            ## dns.query; dataset:set,names,type string,state a,load b;
            error[R013]: `load` and `state` exclude each other (sid 1)
            1 | alert dns any any -> any any (dns.query; dataset:set,names,type string,state a,load b; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## dns.query; dataset:isset,names,type string,lode names.lst;
            error[R013]: `lode` is not an option of a set (sid 1)
            1 | alert dns any any -> any any (dns.query; dataset:isset,names,type string,lode names.lst; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## dns.query; dataset:isset,names,type string,load number.json,format json,value_key name;
            error[R020]: rules/number.json: the value under `name` is not a string: 7 (sid 1)
            1 | alert dns any any -> any any (dns.query; dataset:isset,names,type string,load number.json,format json; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## dns.query; dataset:isset,names,type string,load names.json,format json;
            error[R013]: a JSON format needs `value_key` (sid 1)
            1 | alert dns any any -> any any (dns.query; dataset:isset,names,type string,load names.json,format json; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## dns.query; dataset:isset,names,type string,load names.lst,context_key x;
            error[R013]: keys are for the formats json and ndjson; add `format json` (sid 1)
            1 | alert dns any any -> any any (dns.query; dataset:isset,names,type string,load names.lst,context_key x; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## dns.query; datarep:names,>,5,load broken.rep,type string;
            error[R020]: rules/broken.rep: line 1: `70000` is not a reputation from 0 to 65535 (sid 1)
            1 | alert dns any any -> any any (dns.query; datarep:names,>,5,load broken.rep,type string; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            ## dns.query; datarep:names,>,5,type string;
            error[R013]: `datarep` needs a file: add `load FILE` (sid 1)
            1 | alert dns any any -> any any (dns.query; datarep:names,>,5,type string; sid:1;)
              |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn one_name_is_one_set() {
    check(
        "alert dns any any -> any any (dns.query; dataset:isset,names,type string,load names.lst; sid:1;)\n\
         alert dns any any -> any any (dns.query; dataset:isset,names; sid:2;)\n\
         alert dns any any -> any any (dns.query; to_md5; dataset:isset,names,type md5; sid:3;)\n",
        expect![[r#"
            sid 1 rev 0
              in dns.query Fails
                Dataset { set: DatasetSpec { name: "names", kind: Some(String), load: Some("rules/names.lst"), save: None, state: None, memcap_bytes: None, format: Csv, value_key: None, array_key: None, context_key: None, remove_key: false, subdomain: false, entries: [DatasetEntry { value: [101, 120, 97, 109, 112, 108, 101, 46, 99, 111, 109], reputation: 0, context: None }, DatasetEntry { value: [97], reputation: 0, context: None }] }, command: IsSet }
            sid 2 rev 0
              in dns.query Fails
                Dataset { set: DatasetSpec { name: "names", kind: Some(String), load: Some("rules/names.lst"), save: None, state: None, memcap_bytes: None, format: Csv, value_key: None, array_key: None, context_key: None, remove_key: false, subdomain: false, entries: [DatasetEntry { value: [101, 120, 97, 109, 112, 108, 101, 46, 99, 111, 109], reputation: 0, context: None }, DatasetEntry { value: [97], reputation: 0, context: None }] }, command: IsSet }
            error[R018]: the set `names` holds another type of values already (sid 3)
              --> rules/test.rules:3:1
              |
            3 | alert dns any any -> any any (dns.query; to_md5; dataset:iss
              | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
}
