//! What a run was given beside its capture, indicators and YARA rules: a bundle carries it, or says which file it would take.

use serde_json::Value;

use super::{Folder, assert_all_confirmed, succeeds, targe, verify};

/// Bytes of lists above which a bundle tells the hash alone.
const LISTS_BYTES_MAX: usize = 8 << 20;

/// A capture of the lab: a host that reports to 203.0.113.9 (updates.example).
fn beacon(folder: &Folder) -> String {
    write(folder, lab::acts::Beacon { lifetime_secs: 3_600, ..lab::acts::Beacon::default() }.make())
}

fn write(folder: &Folder, capture: lab::Capture) -> String {
    let path = folder.path("s.pcap");
    let file = std::fs::File::create(&path).expect("the folder takes files");
    capture.write_pcap(std::io::BufWriter::new(file)).expect("the disk has room");
    path
}

/// Makes a bundle of the capture with one list, and moves everything else away.
fn bundle(folder: &Folder, capture: &str, option: &str, list: &str) -> String {
    let (out, bundle) = (folder.path("out"), folder.path("case.targe"));
    succeeds(&["investigate", capture, "-q", "-o", &out, option, list, "--bundle", &bundle]);
    for path in [list, capture] {
        std::fs::remove_file(path).expect("it was written");
    }
    std::fs::remove_dir_all(&out).expect("it was written");
    bundle
}

fn member(bundle: &str, name: &str) -> Option<Vec<u8>> {
    let archive = evidence::Archive::read(&std::fs::read(bundle).expect("it is there")).expect("it opens");
    archive.get(name).map(<[u8]>::to_vec)
}

fn manifest(bundle: &str) -> Value {
    serde_json::from_slice(&member(bundle, "manifest.json").expect("it has a manifest")).expect("JSON")
}

/// Claims about findings of a detector: status and reason of each.
fn claims_of(bundle: &str, detector: &str) -> Vec<(String, String)> {
    let findings: Value =
        serde_json::from_slice(&member(bundle, "findings.json").expect("it has findings")).expect("JSON");
    let ids: Vec<String> = findings["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|finding| finding["detector"] == detector)
        .map(|finding| format!("F{}.", finding["id"]))
        .collect();
    assert!(!ids.is_empty(), "{detector} finds something: {findings:#}");
    let (said, code) = verify(bundle, &[]);
    assert_eq!(code, 0, "{said:#}");
    let text = |claim: &Value, key: &str| claim[key].as_str().unwrap_or_default().to_owned();
    said["claims"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|claim| ids.iter().any(|id| text(claim, "id").starts_with(id)))
        .map(|claim| (text(claim, "status"), text(claim, "reason")))
        .collect()
}

#[test]
fn indicators_are_carried_and_found_again_from_the_bundle_alone() {
    let folder = Folder::new("intel");
    let (capture, list) = (beacon(&folder), folder.path("bad list.csv"));
    let text =
        "indicator,type,confidence,source\n203.0.113.9,ip,80,Feed A\nupdates.example,domain,90,Feed A\n";
    std::fs::write(&list, text).expect("the folder takes files");
    let bundle = bundle(&folder, &capture, "--intel", &list);
    assert_eq!(member(&bundle, "intel/000-bad_list.csv").as_deref(), Some(text.as_bytes()));
    let content = manifest(&bundle)["content"].clone();
    let hash = evidence::hex(&evidence::sha256(text.as_bytes()));
    assert!(
        content.as_array().into_iter().flatten().any(|file| file["sha256"] == *hash),
        "the manifest names it: {content}"
    );
    assert!(claims_of(&bundle, "intel").iter().all(|(status, _)| status == "confirmed"));
    assert_all_confirmed(&bundle, &[]);
}

#[test]
fn a_list_that_is_touched_is_named() {
    let folder = Folder::new("intel-touched");
    let (capture, list) = (beacon(&folder), folder.path("bad.txt"));
    std::fs::write(&list, "203.0.113.9\n").expect("the folder takes files");
    let bundle = bundle(&folder, &capture, "--intel", &list);
    let mut archive =
        evidence::Archive::read(&std::fs::read(&bundle).expect("it is there")).expect("it opens");
    for member in archive.members.iter_mut().filter(|member| member.name == "intel/000-bad.txt") {
        *member = evidence::Member::new("intel/000-bad.txt", b"203.0.113.8\n".to_vec());
    }
    std::fs::write(&bundle, archive.write()).expect("the folder takes files");
    let (said, code) = verify(&bundle, &[]);
    assert_eq!(code, 3);
    assert!(said["checks"].to_string().contains("member `intel/000-bad.txt` was altered"), "{said:#}");
    assert!(said["refuted"].as_u64() > Some(0), "another list gives other findings");
}

#[test]
fn of_a_list_that_is_too_long_the_hash_is_told_and_what_rests_on_it_is_not_checkable_here() {
    let folder = Folder::new("intel-long");
    let (capture, list) = (beacon(&folder), folder.path("long.txt"));
    let mut text = "203.0.113.9\n".to_owned();
    let remark = format!("# {}\n", "nothing to see ".repeat(64));
    while text.len() <= LISTS_BYTES_MAX {
        text.push_str(&remark);
    }
    std::fs::write(&list, &text).expect("the folder takes files");
    let bundle = bundle(&folder, &capture, "--intel", &list);
    assert_eq!(member(&bundle, "intel/000-long.txt"), None);
    let left_out = &manifest(&bundle)["content_left_out"][0];
    assert_eq!(left_out["name"], "long.txt");
    assert_eq!(left_out["sha256"], evidence::hex(&evidence::sha256(text.as_bytes())));
    assert_eq!(left_out["because"], "it is too long");
    for (status, reason) in claims_of(&bundle, "intel") {
        assert_eq!(status, "not checkable here", "{reason}");
        assert!(reason.contains("it rests on a list of which the bundle holds the hash alone"), "{reason}");
    }
    // What does not rest on the list is confirmed all the same.
    assert!(claims_of(&bundle, "beacon").iter().all(|(status, _)| status == "confirmed"));
}

#[test]
#[cfg(feature = "yara")]
fn yara_rules_are_carried_and_found_again_from_the_bundle_alone() {
    let folder = Folder::new("yara");
    let (capture, rules) = (write(&folder, lab::acts::Phishing::default().make()), folder.path("any.yar"));
    std::fs::write(&rules, "rule any_file { condition: filesize > 0 }\n").expect("the folder takes files");
    let bundle = bundle(&folder, &capture, "--yara", &rules);
    assert!(member(&bundle, "yara/000-any.yar").is_some());
    assert!(claims_of(&bundle, "yara").iter().all(|(status, _)| status == "confirmed"));
    assert_all_confirmed(&bundle, &[]);
}

#[test]
#[cfg(feature = "yara")]
fn of_yara_rules_that_may_read_other_files_the_hash_is_told() {
    let folder = Folder::new("yara-include");
    let (capture, rules) = (write(&folder, lab::acts::Phishing::default().make()), folder.path("any.yar"));
    std::fs::write(folder.path("other.yar"), "rule other { condition: filesize > 0 }\n")
        .expect("the folder takes files");
    let text = "// includes nothing\nrule any_file { condition: filesize > 0 }\n";
    std::fs::write(&rules, text).expect("the folder takes files");
    let bundle = bundle(&folder, &capture, "--yara", &rules);
    assert_eq!(member(&bundle, "yara/000-any.yar"), None);
    let left_out = &manifest(&bundle)["content_left_out"][0];
    assert_eq!(left_out["sha256"], evidence::hex(&evidence::sha256(text.as_bytes())));
    assert_eq!(left_out["because"], "it includes other files");
    for (status, reason) in claims_of(&bundle, "yara") {
        assert_eq!(status, "not checkable here", "{reason}");
        assert!(reason.contains("the bundle holds the hash alone"), "{reason}");
    }
}

/// Somebody else's bundle, made with YARA, meets a program without it.
#[test]
#[cfg(not(feature = "yara"))]
fn without_yara_what_rests_on_its_rules_is_not_checkable_here() {
    let folder = Folder::new("without-yara");
    let capture = beacon(&folder);
    let rules = folder.path("any.yar");
    std::fs::write(&rules, "rule any_file { condition: filesize > 0 }\n").expect("the folder takes files");
    let refused = targe(&["investigate", &capture, "-q", "-o", &folder.path("out"), "--yara", &rules]);
    assert_eq!(refused.status.code(), Some(2), "rules that cannot be used are an error, not a silence");
    let path = folder.path("case.targe");
    succeeds(&["investigate", &capture, "-q", "-o", &folder.path("out"), "--bundle", &path]);
    // What YARA would have found, put in by whoever made the bundle: an own finding and its claim.
    let mut bundle =
        evidence::open(&std::fs::read(&path).expect("it is there"), None).bundle.expect("it opens");
    bundle.files.push(("yara/000-any.yar".into(), b"rule any_file { condition: filesize > 0 }\n".to_vec()));
    let finding =
        r#"{"id":900,"detector":"yara","title":"10.0.0.30 was sent a.exe that YARA rules know: any_file"}"#;
    for (_, content) in bundle.files.iter_mut().filter(|(name, _)| name == "findings.json") {
        let text = String::from_utf8_lossy(content).replacen("[", &format!("[{finding},"), 1);
        *content = text.into_bytes();
    }
    let claim =
        br#"{"id":"F900.1","predicate":"observed","sentence":"a.exe is known to YARA rules","evidence":[]}"#;
    bundle.claims.push(("F900.1".into(), claim.to_vec()));
    std::fs::write(&path, bundle.seal(None).write()).expect("the folder takes files");
    let claims = claims_of(&path, "yara");
    assert_eq!(claims.len(), 1);
    let (status, reason) = &claims[0];
    assert_eq!(status, "not checkable here", "{reason}");
    assert!(reason.contains("this program was built without YARA"), "{reason}");
    assert!(claims_of(&path, "beacon").iter().all(|(status, _)| status == "confirmed"));
}
