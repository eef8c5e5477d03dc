use super::*;

#[test]
fn a_description_has_times_and_media() {
    let body = b"v=0\r\no=o\r\ns=s\r\nc=IN IP4 1.2.3.4\r\nb=AS:1\r\nb=AS:2\r\nt=1 2\r\nr=3\r\na=x\r\nm=audio 1\r\ni=info\r\n\
        a=y\r\nm=video 2\r\n";
    let description = read(body).unwrap();
    assert_eq!(description.bandwidths.len(), 2);
    assert_eq!(description.times, [(b"1 2".to_vec(), Some(b"3".to_vec()))]);
    assert_eq!(description.media.len(), 2);
    let mut json = Json::new();
    json.object_item();
    write(&description, &mut json);
    json.end();
    let text = String::from_utf8(json.bytes().to_vec()).unwrap();
    assert!(
        text.contains(r#""media_descriptions":[{"media":"audio 1","media_info":"info","attributes":["y"]}"#),
        "{text}"
    );
}

#[test]
fn what_is_not_a_description_is_told() {
    assert_eq!(read(b"o=x"), None);
    assert_eq!(read(b"v=1\r\no=x\r\ns=y\r\n"), None);
}
