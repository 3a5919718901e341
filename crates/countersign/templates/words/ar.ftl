# contract 1
# العربية: بداية. ما ينقص يظهر بالإنجليزية.

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
        [one] خلال دقيقة واحدة
        [two] خلال دقيقتين
        [few] خلال { $count } دقائق
        [many] خلال { $count } دقيقة
       *[other] خلال { $count } دقيقة
    }
within-hours =
    { $count ->
        [one] خلال ساعة واحدة
        [two] خلال ساعتين
        [few] خلال { $count } ساعات
        [many] خلال { $count } ساعة
       *[other] خلال { $count } ساعة
    }
within-days =
    { $count ->
        [one] خلال يوم واحد
        [two] خلال يومين
        [few] خلال { $count } أيام
        [many] خلال { $count } يومًا
       *[other] خلال { $count } يوم
    }

code = أو اكتب هذا الرمز حيث يُطلب منك:
lifetime-link = يعمل الرابط مرة واحدة { $within } (حتى { $until }).
lifetime-link-code = يعمل الرابط والرمز مرة واحدة { $within } (حتى { $until }).
copy-link = إذا لم يعمل الزر، فانسخ هذا العنوان إلى متصفحك:
asked-from = طُلب في { $at } من عنوان الشبكة { $source }.
footer = يرسل { $product } هذه الرسالة تلقائيًا، وقد لا تُقرأ الردود عليها.
device = { $browser } على { $system }
reset-subject = اختر كلمة مرور جديدة لحسابك في { $product }
reset-title = اختر كلمة مرور جديدة
reset-text = طلب أحدهم، وعلى الأرجح أنت، كلمة مرور جديدة للحساب { $username }. عند اختيارها يُسجَّل خروج جميع الأجهزة.
reset-button = اختر كلمة مرور جديدة
reset-ignore = إذا لم تكن أنت من طلب ذلك، فتجاهل هذه الرسالة: تبقى كلمة مرورك كما هي.
