# contract 1
# العربية: جميع الرسائل.

## التواريخ والأوقات بالتوقيت العالمي دائمًا، والمدد

date-time = { $day } { $month } { $year }، الساعة { $time } بالتوقيت العالمي المنسق
month-1 = يناير
month-2 = فبراير
month-3 = مارس
month-4 = أبريل
month-5 = مايو
month-6 = يونيو
month-7 = يوليو
month-8 = أغسطس
month-9 = سبتمبر
month-10 = أكتوبر
month-11 = نوفمبر
month-12 = ديسمبر
within-minutes =
    { $count ->
        [zero] خلال أقل من دقيقة
        [one] خلال دقيقة واحدة
        [two] خلال دقيقتين
        [few] خلال { $count } دقائق
        [many] خلال { $count } دقيقة
       *[other] خلال { $count } دقيقة
    }
within-hours =
    { $count ->
        [zero] خلال أقل من ساعة
        [one] خلال ساعة واحدة
        [two] خلال ساعتين
        [few] خلال { $count } ساعات
        [many] خلال { $count } ساعة
       *[other] خلال { $count } ساعة
    }
within-days =
    { $count ->
        [zero] خلال أقل من يوم
        [one] خلال يوم واحد
        [two] خلال يومين
        [few] خلال { $count } أيام
        [many] خلال { $count } يومًا
       *[other] خلال { $count } يوم
    }

## كل رسالة

code = أو اكتب هذا الرمز حيث يُطلب منك:
lifetime-link = يعمل الرابط مرة واحدة { $within } (حتى { $until }).
lifetime-link-code = يعمل الرابط والرمز مرة واحدة { $within } (حتى { $until }).
copy-link = إذا لم يعمل الزر، فانسخ هذا العنوان إلى متصفحك:
asked-from = طُلب في { $at } من عنوان الشبكة { $source }.
footer = يرسل { $product } هذه الرسالة تلقائيًا، وقد لا تُقرأ الردود عليها.
device = { $browser } على { $system }
fact-time = الوقت
fact-device = الجهاز
fact-source = عنوان الشبكة

## تأكيد عنوان

verify-subject = أكِّد بريدك الإلكتروني لدى { $product }
verify-title = أكِّد بريدك الإلكتروني
verify-text = يُرجى تأكيد أن { $address } هو عنوانك.
verify-button = تأكيد العنوان
verify-ignore = إذا لم تطلب ذلك، فتجاهل هذه الرسالة: لا يحدث شيء من دون تأكيدك.

## كلمة مرور جديدة

reset-subject = اختر كلمة مرور جديدة لحسابك في { $product }
reset-title = اختر كلمة مرور جديدة
reset-text = طلب أحدهم، وعلى الأرجح أنت، كلمة مرور جديدة للحساب { $username }. عند اختيارها يُسجَّل خروج جميع الأجهزة.
reset-button = اختر كلمة مرور جديدة
reset-ignore = إذا لم تكن أنت من طلب ذلك، فتجاهل هذه الرسالة: تبقى كلمة مرورك كما هي.

## تسجيل الدخول بالبريد

sign-in-subject = تسجيل الدخول إلى { $product }
sign-in-title = تسجيل الدخول
sign-in-text = يمكنك تسجيل الدخول باسم { $username } من دون كلمة مرورك.
sign-in-button = تسجيل الدخول
sign-in-ignore = إذا لم تطلب ذلك، فتجاهل هذه الرسالة. لا تعطِ الرمز لأحد، ولا حتى لمن يقول إنه من { $product }.

## حساب خاص بك

register-subject = أنشئ حسابك في { $product }
register-title = أنشئ حسابك
register-text = يريد أحدهم، وعلى الأرجح أنت، إنشاء حساب في { $product } وقد ذكر العنوان { $address }. اختر الآن اسم مستخدم وكلمة مرور.
register-button = إنشاء الحساب
register-ignore = إذا لم تطلب ذلك، فتجاهل هذه الرسالة: لا يُنشأ أي حساب من دونك.

## تسجيل بعنوان له حساب

already-registered-subject = لديك حساب بالفعل في { $product }
already-registered-title = لديك حساب بالفعل
already-registered-text = حاول أحدهم، وعلى الأرجح أنت، إنشاء حساب بالعنوان { $address }. هذا العنوان تابع للحساب { $username }: سجِّل الدخول به. إذا نسيت كلمة المرور، فستساعدك صفحة تسجيل الدخول على اختيار كلمة جديدة.
already-registered-button = إلى صفحة تسجيل الدخول
already-registered-ignore = إذا لم تكن أنت، فليس عليك فعل شيء. لم يُخبَر أحد بأن لديك حسابًا.

## دعوة

invite-subject = دعوة إلى { $product }
invite-title = وصلتك دعوة
invite-text = أنت مدعو إلى فتح حساب في { $product }. لقبول الدعوة، اختر اسم مستخدم وكلمة مرور.
invite-button = قبول الدعوة
invite-ignore = إذا كنت لا تريد حسابًا، فتجاهل هذه الرسالة: لا يُنشأ أي حساب من دونك.

## عنوان الحساب

address-changed-subject = البريد الإلكتروني الجديد لحسابك في { $product }
address-changed-title = بريدك الإلكتروني الجديد
address-changed-text = أصبح { $address } البريد الإلكتروني للحساب { $username }. تصل الرسائل إلى هنا من الآن فصاعدًا.
address-changed-ignore = إذا كنت لا تعرف هذا الحساب، فيُرجى إبلاغ القائمين على { $product }.
address-undo-subject = تغيَّر البريد الإلكتروني لحسابك في { $product }
address-undo-title = تغيَّر بريدك الإلكتروني
address-undo-text = تغيَّر البريد الإلكتروني للحساب { $username } إلى { $other_address } في { $at }. إذا كنت أنت من فعل ذلك، فليس عليك فعل شيء.
address-removed-text = أُزيل البريد الإلكتروني { $address } من الحساب { $username } في { $at }. إذا كنت أنت من فعل ذلك، فليس عليك فعل شيء.
address-undo-button = التراجع عن التغيير
address-undo-ignore = إذا لم تكن أنت، فهناك من يعرف كلمة مرورك. تراجع عن التغيير: عندئذ يُسجَّل خروج جميع الأجهزة وتتوقف كلمة المرور عن العمل. ثم اختر كلمة جديدة.

## إشعارات

password-changed-subject = تغيَّرت كلمة مرورك في { $product }
password-changed-title = تغيَّرت كلمة مرورك
password-changed-text = تغيَّرت كلمة مرور الحساب { $username }. سُجِّل خروج جميع الأجهزة الأخرى.
password-changed-ignore = إذا لم تكن أنت ولا الإدارة، فقد كان هناك من يعرف كلمة مرورك. اطلب كلمة جديدة فورًا من صفحة تسجيل الدخول.
second-factor-changed-subject = تم تغيير الخطوة الثانية لتسجيل دخولك إلى { $product }
second-factor-changed-title = تم تغيير خطوتك الثانية
second-factor-changed-text = تمت إضافة تطبيق مصادقة إلى الحساب { $username } أو إزالته منه، أو تم تجديد رموز الاسترداد. إذا أُضيف تطبيق مصادقة أو أُزيل، فقد سُجّل الخروج من جميع الأجهزة الأخرى.
second-factor-changed-ignore = إذا لم تكن أنت ولا الإدارة من فعل ذلك، فإن شخصًا ما يعرف كلمة مرورك. غيّرها فورًا وراجع تطبيقات المصادقة في صفحة الحساب.
new-device-subject = تسجيل دخول إلى { $product } من جهاز جديد
new-device-title = تسجيل دخول من جهاز جديد
new-device-text = سجَّل أحدهم الدخول إلى الحساب { $username } من جهاز لم يكن معروفًا.
new-device-ignore = إذا كنت أنت، فليس عليك فعل شيء. وإلا فغيِّر كلمة مرورك فورًا: عندئذ يُسجَّل خروج جميع الأجهزة الأخرى.
password-reset-done-subject = لديك كلمة مرور جديدة في { $product }
password-reset-done-title = لديك كلمة مرور جديدة
password-reset-done-text = للحساب { $username } كلمة مرور جديدة اختيرت عبر رابط أرسلناه إلى هذا العنوان. سُجِّل خروج جميع الأجهزة.
password-reset-done-ignore = إذا لم تكن أنت، فهناك من يقرأ بريدك. غيِّر أولًا كلمة مرور صندوق بريدك، ثم اطلب كلمة جديدة من صفحة تسجيل الدخول.
sign-in-page = إلى صفحة تسجيل الدخول
test-subject = رسالة تجريبية من { $product }
test-title = تم بنجاح
test-text = يستطيع { $product } إرسال الرسائل. أُنشئت هذه الرسالة في { $at }.

## صفحات الروابط الواردة في الرسائل

page-verify-title = أكِّد بريدك الإلكتروني
page-verify-text = اضغط الزر لتأكيد أن { $address } هو عنوانك.
page-verify-button = تأكيد العنوان
page-sign-in-title = تسجيل الدخول
page-sign-in-text = اضغط الزر لتسجيل الدخول بهذا المتصفح.
page-sign-in-button = تسجيل الدخول
page-keep-account-title = هل تريد الاحتفاظ بالحساب؟
page-keep-account-text = سيُحذف حسابك في { $at } كما طلبت. اضغط الزر للاحتفاظ به وتسجيل الدخول.
page-keep-account-button = الاحتفاظ بالحساب وتسجيل الدخول
other-browser-title = هل طلبت تسجيل الدخول؟
other-browser-text = طُلب تسجيل الدخول من متصفح أو جهاز غير هذا:
digits = الرقمان الظاهران هناك
digits-hint = لديك محاولة واحدة. يُسجَّل الدخول في المتصفح الآخر لا في هذا.
other-browser-button = تسجيل الدخول في المتصفح الآخر
other-browser-ignore = إذا لم تكن أنت، أو إذا أملى عليك أحد ما تكتبه، فأغلق هذه الصفحة: عندئذ لا يحدث شيء.

## الخطوة الثانية لتسجيل الدخول

second-step-title = خطوة أخرى
second-step-text = لهذا الحساب تطبيق مصادقة. اكتب الرمز الذي يعرضه الآن.
second-step-code = الرمز
second-step-hint = ستة أرقام من تطبيق المصادقة، أو أحد رموز الاسترداد الخاصة بك.
second-step-button = تسجيل الدخول
authenticator-needed-title = أعدّ تطبيق مصادقة أولًا
authenticator-needed-text = يحتاج هذا الحساب إلى تطبيق مصادقة يُعَدّ عند تسجيل الدخول. عُد إلى الصفحة التي طلبت فيها هذه الرسالة واكتب فيها رمز الرسالة.
asking-browser-only-title = افتح هذا الرابط حيث طلبته
asking-browser-only-text = طُلب تسجيل الدخول من متصفح أو جهاز غير هذا. افتح الرابط هناك، أو اكتب رمز الرسالة هناك.
page-register-title = أنشئ حسابك
page-register-text = سيكون عنوان حسابك { $address }. اختر اسم مستخدم وكلمة مرور.
page-register-button = إنشاء الحساب
page-change-address-title = بريدك الإلكتروني الجديد
page-change-address-text = اضغط الزر لاستخدام { $address } لحسابك.
page-change-address-button = استخدام هذا العنوان
page-undo-address-title = التراجع عن التغيير
page-undo-address-text = اضغط الزر ليعود { $address } البريد الإلكتروني لحسابك. تُزال العناوين التي أُضيفت لاحقًا، ويُسجَّل خروج جميع الأجهزة، وتُلغى مفاتيح API، وتتوقف كلمة المرور عن العمل.
page-undo-address-button = التراجع عن التغيير
page-reset-title = اختر كلمة مرور جديدة
page-reset-text = هي للحساب صاحب العنوان { $address }. عند حفظها يُسجَّل خروج جميع الأجهزة.
page-reset-button = حفظ كلمة المرور
page-invite-title = وصلتك دعوة
page-invite-text = اختر اسم مستخدم وكلمة مرور لحسابك الذي سيكون عنوانه { $address }.
page-invite-button = إنشاء الحساب
username = اسم المستخدم
new-password = كلمة المرور الجديدة
password-hint =
    { $count ->
        [zero] بضع كلمات لا يجمع بينها سواك.
        [one] حرف واحد على الأقل: بضع كلمات لا يجمع بينها سواك.
        [two] حرفان على الأقل: بضع كلمات لا يجمع بينها سواك.
        [few] { $count } أحرف على الأقل: بضع كلمات لا يجمع بينها سواك.
        [many] { $count } حرفًا على الأقل: بضع كلمات لا يجمع بينها سواك.
       *[other] { $count } حرف على الأقل: بضع كلمات لا يجمع بينها سواك.
    }
done-verify-title = تأكَّد العنوان
done-verify-text = يمكنك إغلاق هذه الصفحة أو تسجيل الدخول.
done-register-title = حسابك جاهز
done-register-text = سجِّل الدخول باسم المستخدم وكلمة المرور اللذين اخترتهما.
done-invite-title = حسابك جاهز
done-invite-text = سجِّل الدخول باسم المستخدم وكلمة المرور اللذين اخترتهما.
done-change-address-title = تأكَّد العنوان
done-change-address-text = تُرسل الرسائل إلى هذا العنوان من الآن فصاعدًا.
done-undo-address-title = تم التراجع عن التغيير
done-undo-address-text = عاد إلى حسابك بريده الإلكتروني السابق، ولا يستطيع أحد تسجيل الدخول. اطلب الآن كلمة مرور جديدة من صفحة تسجيل الدخول.
done-sign-in-title = سُجِّل الدخول في المتصفح الآخر
done-sign-in-text = تابع هناك. يمكنك إغلاق هذه الصفحة.
done-reset-title = حُفظت كلمة مرورك الجديدة
done-reset-text = سُجِّل خروج جميع الأجهزة. سجِّل الدخول بكلمة المرور الجديدة.
refused-title = هذا الرابط لا يعمل
refused-text = استُخدم من قبل، أو هو قديم جدًا، أو أُرسل رابط أحدث منه. اطلب رابطًا جديدًا من حيث طلبت هذا.
problem-password-too-short =
    { $count ->
        [zero] لا يجوز أن تكون كلمة المرور فارغة.
        [one] يجب أن تتكون كلمة المرور من حرف واحد على الأقل.
        [two] يجب أن تتكون كلمة المرور من حرفين على الأقل.
        [few] يجب أن تتكون كلمة المرور من { $count } أحرف على الأقل.
        [many] يجب أن تتكون كلمة المرور من { $count } حرفًا على الأقل.
       *[other] يجب أن تتكون كلمة المرور من { $count } حرف على الأقل.
    }
problem-password-like-username = لا يجوز أن تتكون كلمة المرور من اسم المستخدم.
problem-password-like-service = لا يجوز أن تتكون كلمة المرور من اسم هذه الخدمة.
problem-password-repetitive = لا يجوز أن تكون كلمة المرور مجرد تكرار أو تسلسل.
problem-password-common = كلمة المرور هذه من أكثر الكلمات شيوعًا، وهي التي تُجرَّب أولًا.
problem-password-unchanged = لا يجوز أن تكون كلمة المرور الجديدة هي الحالية.
problem-username-taken = اسم المستخدم هذا محجوز. يُرجى اختيار اسم آخر.
problem-username-looks-alike = اسم المستخدم هذا يشبه اسم حساب آخر. يُرجى اختيار اسم آخر.
problem-username-invalid = لا يمكن استخدام اسم المستخدم هذا. يُرجى اختيار اسم آخر.
problem-invalid-second-factor = الرمز غير صحيح أو سبق استخدامه. انتظر الرمز التالي.
problem-too-many-attempts = رموز خاطئة كثيرة. حاول مرة أخرى لاحقًا.
problem-other = لم ينجح ذلك. يُرجى المحاولة مرة أخرى.

## التطبيقات

onwards-title = لحظة واحدة
onwards-link = متابعة
consent-title = يريد { $client } تسجيل دخولك
consent-destination = يذهب الرد إلى { $destination }.
consent-account = أنت مسجل الدخول باسم { $username }.
consent-scopes = يطلب { $client } ما يلي:
consent-new = جديد
consent-resources = سيستخدم هذه الخدمات باسمك:
consent-end = يمكنك إنهاء ذلك في أي وقت من صفحة حسابك.
consent-allow = السماح
consent-deny = عدم السماح
scope-openid = معرفة من أنت
scope-profile = رؤية اسم المستخدم واللغة
scope-email = رؤية عنوان بريدك الإلكتروني
scope-offline-access = البقاء مسجل الدخول في غيابك
app-refused-title = تسجيل الدخول هذا لا يعمل
app-refused-client = التطبيق الذي أرسلك إلى هنا غير معروف. أخبر من يديره.
app-refused-redirect-uri = التطبيق الذي أرسلك إلى هنا يريد الرد على عنوان غير مسجل له. أخبر من يديره.
app-refused-too-long = التطبيق الذي أرسلك إلى هنا يطلب الكثير دفعة واحدة. أخبر من يديره.
app-refused-over = استغرق الأمر وقتًا طويلًا، أو بدأ في متصفح آخر. ارجع إلى التطبيق وابدأ من جديد.
app-refused-failed = حدث خطأ هنا. ارجع إلى التطبيق وحاول مرة أخرى بعد لحظة.
app-refused-closest = أقرب عنوان مسجل: { $destination }
logout-ask-title = تسجيل الخروج؟
logout-client = يطلب { $client } تسجيل خروجك من هنا.
logout-button = تسجيل الخروج
logout-stay-button = البقاء مسجلا
logout-done-title = تم تسجيل خروجك
logout-done-text = يمكنك إغلاق هذه الصفحة.
logout-stay-title = ما زلت مسجل الدخول
logout-stay-text = لم يتغير شيء.
